import csv

import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from millrace_worker import output_path, save_model

FEATURES = ["tenure_months", "monthly_charge", "support_calls", "late_payments"]


def train(customers, holdout_from):
    with open(customers, newline="") as file:
        rows = list(csv.DictReader(file))
    older = [row for row in rows if row["observed_on"] < holdout_from]
    newer = [row for row in rows if row["observed_on"] >= holdout_from]

    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(features_of(older), labels_of(older))
    save_model(model, output_path("model"), features=FEATURES)

    predictions = model.predict_proba(features_of(newer))[:, 1]
    with open(output_path("scored"), "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*FEATURES, "churned", "prediction"])
        for row, prediction in zip(newer, predictions):
            out.writerow([*(row[name] for name in FEATURES), row["churned"], repr(float(prediction))])
    return {"tool": f"scikit-learn {sklearn.__version__}",
            "auc": roc_auc_score(labels_of(newer), predictions)}


def features_of(rows):
    return [[float(row[name]) for name in FEATURES] for row in rows]


def labels_of(rows):
    return [int(row["churned"]) for row in rows]
