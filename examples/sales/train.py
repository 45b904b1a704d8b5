"""Trains a model of the quantity sold. Run by sales_daily.yaml; docs/programs.md describes the variables."""
import csv
import json
import os
import pickle

from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

with open(os.environ["MILLRACE_INPUT_SALES"], newline="") as file:
    sales = list(csv.DictReader(file))

features = [
    {
        "shop": row["shop"],
        "product": row["product"],
        "price": float(row["price"]),
        "discount": float(row["discount"]),
        "hour": int(row["hour"]),
    }
    for row in sales
]
quantities = [int(row["quantity"]) for row in sales]
ids = [row["order_id"] for row in sales]
train_x, test_x, train_y, test_y, _, test_ids = train_test_split(
    features, quantities, ids, test_size=0.25, random_state=1
)

model = make_pipeline(DictVectorizer(), RandomForestRegressor(n_estimators=50, random_state=1))
model.fit(train_x, train_y)
baseline = make_pipeline(DictVectorizer(), DummyRegressor()).fit(train_x, train_y)
predicted = model.predict(test_x)

with open(os.environ["MILLRACE_OUTPUT_MODEL"], "wb") as file:
    pickle.dump(model, file)
with open(os.environ["MILLRACE_OUTPUT_PREDICTIONS"], "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["order_id", "quantity", "predicted"])
    writer.writerows(zip(test_ids, test_y, predicted))
metrics = {
    "mae": mean_absolute_error(test_y, predicted),
    "baseline_mae": mean_absolute_error(test_y, baseline.predict(test_x)),
    "rows": len(sales),
}
with open(os.environ["MILLRACE_OUTPUTS"], "w") as file:
    json.dump(metrics, file)
print(f"trained on {len(train_x)} orders; {metrics}")
