// The requests and responses of engine/http under the names that this module uses.
#pragma once

#include "engine/http/endpoint.h"
#include "engine/http/guard.h"
#include "engine/http/message.h"
#include "engine/http/problem.h"
#include "engine/http/server.h"
#include "engine/http/target.h"

namespace millrace::api {

using http::Call;
using http::Endpoint;
using http::HttpAccess;
using http::HttpConfig;
using http::HttpRequest;
using http::HttpResponse;
using http::kProblemType;
using http::LaterReply;
using http::media_type;
using http::NameValues;
using http::percent_decode;
using http::percent_encode;
using http::Problem;
using http::Reply;
using http::Router;

}  // namespace millrace::api
