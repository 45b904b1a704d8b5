# Writes customers.csv: 3,000 made-up customers, one observation each, with a known risk of leaving.
#   awk -f make_customers.awk > customers.csv
function draw(below) {  # Numerical Recipes' generator: the same file on every machine
  state = (state * 1664525 + 1013904223) % 4294967296
  return int(state / 65536) % below
}
BEGIN {
  state = 7
  split("basic plus premium", plans, " ")
  print "customer_id,observed_on,plan,tenure_months,monthly_charge,support_calls,late_payments,churned"
  for (i = 0; i < 3000; i++) {
    day = int(i * 181 / 3000)  # 2026-01-01 to 2026-06-30, in order
    month = 1
    split("31 28 31 30 31 30", days, " ")
    while (day >= days[month]) day -= days[month++]
    plan = 1 + draw(3); tenure = draw(72); calls = draw(7); late = draw(4)
    charge = 15 + 20 * plan + draw(1000) / 100
    risk = 12 + 7 * calls + 9 * late - 0.55 * tenure + 0.25 * charge
    printf "C%05d,2026-%02d-%02d,%s,%d,%.2f,%d,%d,%d\n", 10001 + i, month, day + 1, plans[plan], tenure,
           charge, calls, late, draw(100) < risk
  }
}
