def step(of, guess):
    """One iteration of Newton's method for the root of `of`; `guess` is None in the first one."""
    before = 1.0 if guess is None else guess
    after = (before + of / before) / 2
    print(f"{before} -> {after}")
    return {"guess": after, "change": abs(after - before)}
