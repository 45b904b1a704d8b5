"""The tasks of prices.yaml. Python's standard library is enough."""
import csv
import json
import urllib.error
import urllib.request
from collections import defaultdict

from millrace_worker import Permanent, Retry, Skip, output_path


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            records = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise Permanent(f"the API refuses the request: {error}") from error
        raise Retry(f"the API is away: {error}", after=0.05) from error
    if not records:
        raise Skip("the API has no prices")
    with open(output_path("raw"), "w") as out:
        json.dump(records, out)
    return {"records": len(records)}


def check(raw):
    with open(raw) as file:
        records = json.load(file)
    good = [r for r in records if isinstance(r.get("price"), (int, float)) and r["price"] > 0]
    if len(good) < len(records) / 2:
        raise Permanent(f"only {len(good)} of {len(records)} records have a price")
    with open(output_path("good"), "w", newline="") as out:
        rows = csv.DictWriter(out, ["id", "category", "price"], extrasaction="ignore")
        rows.writeheader()
        rows.writerows(good)
    return {"rejected": [r["id"] for r in records if r not in good]}


def summarize(good):
    by_category = defaultdict(list)
    with open(good, newline="") as file:
        for row in csv.DictReader(file):
            by_category[row["category"]].append(float(row["price"]))
    with open(output_path("summary"), "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["category", "prices", "mean"])
        for category, prices in sorted(by_category.items()):
            rows.writerow([category, len(prices), round(sum(prices) / len(prices), 2)])
    prices = [price for each in by_category.values() for price in each]
    print(f"{len(prices)} prices in {len(by_category)} categories")
    return {"mean": sum(prices) / len(prices)}
