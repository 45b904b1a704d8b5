"""The task `sums` of report.yaml. Python's standard library is enough."""
import csv
from collections import Counter

from millrace_worker import Permanent, output_path


def sums(orders):
    by_product = Counter()
    with open(orders, newline="") as file:
        for row in csv.DictReader(file):
            by_product[row["product"]] += int(row["pieces"]) * float(row["price"])
    if not by_product:
        raise Permanent("there are no orders")
    with open(output_path("table"), "w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["product", "sum"])
        for product, amount in by_product.most_common():
            out.writerow([product, round(amount, 2)])
            print(f"{product}: {amount:.2f}")
    return {"total": round(sum(by_product.values()), 2), "products": len(by_product)}
