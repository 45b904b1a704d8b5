// The commands of the inbox: one body for each kind. The API and the command line write them, the
// engine loop reads them.
//
//   kind             body                                                          answer
//   trigger_run      {dag, run?: uuid, params?, logical_date?, trace_id?}            {run}
//   cancel_run       {run, force?}                                                 {run}
//   cancel_task      {run, task, map_index?, force?}                               {run, task}
//   retry_run        {run, tasks?: [id]}                                           {run}
//   pause_dag        {dag, paused}                                                 {dag, paused}
//   reset_schedule   {dag}                                                         {dag, from}
//   publish_event    {name, event?}                    {runs: [uuid], not_started: [{dag, reason}]}
//   rollback_model   {model, reason, evidence?, artifact?, candidate_only?}        {model}
//   release_model    {model, artifact, reason}                                     {model,
//   artifact}
//
// A trigger_run without `run` names its run by the command's own id: with an idempotency key the
// body must be the same each time, so it cannot hold an id that is made anew.
#pragma once

#include <string_view>

#include "engine/store/rows.h"

namespace millrace::command {

inline constexpr std::string_view trigger_run = "trigger_run";
inline constexpr std::string_view cancel_run = "cancel_run";
inline constexpr std::string_view cancel_task = "cancel_task";
inline constexpr std::string_view retry_run = "retry_run";
inline constexpr std::string_view pause_dag = "pause_dag";
inline constexpr std::string_view reset_schedule = "reset_schedule";
inline constexpr std::string_view publish_event = "publish_event";
inline constexpr std::string_view rollback_model = "rollback_model";
inline constexpr std::string_view release_model = "release_model";

}  // namespace millrace::command
