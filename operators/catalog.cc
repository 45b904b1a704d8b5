#include "operators/catalog.h"

#include "operators/control/call.h"
#include "operators/control/command.h"
#include "operators/control/dag_run.h"
#include "operators/control/fail.h"
#include "operators/control/noop.h"
#include "operators/control/python.h"
#include "operators/control/wait.h"
#include "operators/control/webhook.h"
#include "operators/data/export_file.h"
#include "operators/data/export_http.h"
#include "operators/data/export_postgres.h"
#include "operators/data/ingest_file.h"
#include "operators/data/ingest_http.h"
#include "operators/data/sql_query.h"
#include "operators/data/transform_sql.h"
#include "operators/data/validate.h"
#include "operators/deploy/canary.h"
#include "operators/deploy/rollback.h"
#include "operators/features/features_build.h"
#include "operators/ml/batch_predict.h"
#include "operators/ml/evaluate.h"
#include "operators/ml/model_import.h"
#include "operators/ml/train.h"
#include "operators/sensors/sensor_dataset.h"
#include "operators/sensors/sensor_file.h"
#include "operators/sensors/sensor_http.h"
#include "operators/sensors/sensor_run.h"
#include "operators/sensors/sensor_sql.h"

namespace millrace {

Catalog builtin_catalog() {
  using namespace operators;
  return Catalog::of<IngestFile, IngestHttp, Validate, TransformSql, SqlQuery, ExportFile,
                     ExportHttp, ExportPostgres,
                     FeaturesBuild,                                                //
                     Train, ModelImport, Evaluate, BatchPredict,                   //
                     DeployCanary, DeployRollback,                                 //
                     SensorDataset, SensorFile, SensorHttp, SensorRun, SensorSql,  //
                     DagRun, Noop, FailTask, Wait, operators::Command, CallWorker, Python,
                     NotifyWebhook>();
}

}  // namespace millrace
