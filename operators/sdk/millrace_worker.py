"""Runs Python functions as tasks of Millrace, in a process that stays for many tasks.

The operator `python` starts this file; docs/programs.md describes the protocol (version 1, JSON
lines on descriptor 3). A module with task functions may import from it:

    from millrace_worker import Permanent, Retry, Skip, attempt, output_path, save_model, warm
"""

import _signal  # its getsignal makes no enumeration, which takes longer than a task
import fcntl
import functools
import importlib.machinery
import importlib.util
import json
import os
import re
import signal
import sys
import types

MOST_BYTES = 4 << 20  # of the outputs
LONG_NUMBER = re.compile(r"\d{19}")
WATCHED_SIGNALS = tuple(map(int, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM,
                                  signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)))


class Retry(Exception):
    """Fails the attempt. The next one begins after at least `after` seconds, if that is given."""

    def __init__(self, message="", after=None):
        super().__init__(message)
        if after is not None and (isinstance(after, bool) or not isinstance(after, (int, float))
                                  or not 0 <= after < 1e9):
            raise TypeError(f"Retry: after={after!r} is not a number of seconds, such as 30")
        self.after = after


class Permanent(Exception):
    """Fails the task: no retry can help."""


class Skip(Exception):
    """Skips the task, as exit code 99 of a program does."""


class Cancelled(BaseException):
    """Raised in the main thread when the task is cancelled or out of time."""


class Refused(Permanent):
    """What the DAG file asks for does not fit the code: no trace is printed."""


# The current attempt: run, task, attempt, idempotency_key, work_dir, output_files and so on.
attempt = types.SimpleNamespace()
_warm = {}


def output_path(name):
    """Where the file of the output `name`, declared under output_files, is expected."""
    return attempt.output_files[name]["path"]


def warm(function):
    """Keeps what `function` returns for later tasks of this process, by its arguments."""

    @functools.wraps(function)
    def kept(*arguments):
        key = (function.__module__, function.__qualname__, arguments)
        if key not in _warm:
            _warm[key] = function(*arguments)
        return _warm[key]

    return kept


LOGISTIC = {"LogisticRegression", "LogisticRegressionCV"}
LINEAR = {"LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV",
          "Lars", "LarsCV", "LassoLars", "BayesianRidge", "HuberRegressor", "SGDRegressor"}


def save_model(model, path, features=None):
    """Writes a trained model as JSON, which the operator model.import reads.

    `model` is a linear regression or a logistic regression of scikit-learn, a Pipeline of a
    StandardScaler and one of these, or a model of the package xgboost. `features` names the
    features in the order of the training; without it, the names that the model knows are used.
    """
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    if hasattr(booster, "save_raw"):
        if features is not None:
            booster.feature_names = list(features)
        text = bytes(booster.save_raw("json")).decode()
    else:
        text = json.dumps(linear_document(model, features), allow_nan=False)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def linear_document(model, features):
    steps = [step for _, step in model.steps] if hasattr(model, "steps") else [model]
    last, kind = steps[-1], type(steps[-1]).__name__
    scalers = [type(step).__name__ for step in steps[:-1]]
    if kind not in LOGISTIC | LINEAR or scalers not in ([], ["StandardScaler"]):
        raise TypeError(f"save_model cannot write {' and '.join([*scalers, kind])}; it writes a "
                        "model of xgboost, or a linear or logistic regression of scikit-learn, "
                        "alone or after a StandardScaler")
    if kind in LOGISTIC and [float(c) for c in last.classes_] != [0, 1]:
        raise ValueError(f"save_model needs the classes 0 and 1, not {list(last.classes_)}")
    rows = last.coef_.tolist()
    rows = rows if isinstance(rows[0], list) else [rows]
    if len(rows) != 1:
        raise ValueError(f"save_model writes a model with one output; this has {len(rows)}")
    weights = [float(w) for w in rows[0]]
    intercept = getattr(last.intercept_, "tolist", lambda: last.intercept_)()
    known = getattr(steps[0], "feature_names_in_", None)
    names = features if features is not None else known
    if names is None:
        raise ValueError("save_model needs the names of the features: save_model(model, path, "
                         "features=[...]), in the order of the training")
    if len(names) != len(weights):
        raise ValueError(f"save_model got {len(names)} names for {len(weights)} features")
    centre = getattr(steps[0], "mean_", None) if scalers else None
    spread = getattr(steps[0], "scale_", None) if scalers else None
    return {"format": "millrace.model", "format_version": 1,
            "algorithm": "logistic" if kind in LOGISTIC else "linear",
            "objective": "binary" if kind in LOGISTIC else "regression",
            "features": [str(name) for name in names],
            "parameters": {key: value for key, value in last.get_params().items()
                           if isinstance(value, (bool, int, float, str))},
            "linear": {"intercept": float(intercept[0] if isinstance(intercept, list)
                                          else intercept),
                       "coefficients": weights,
                       "means": [0.0] * len(weights) if centre is None else centre.tolist(),
                       "scales": [1.0] * len(weights) if spread is None else spread.tolist()}}


def did_you_mean(name, known):
    import difflib
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""


class Modules:
    """The modules that tasks name. With `again`, each use executes the module's own code again."""

    def __init__(self, again):
        self.again = again
        self.compiled = {}
        self.accepted = set()  # (function, names of arguments) that fit
        self.used = set()
        self.listed = 0

    def load(self, name):
        if name not in self.compiled:
            self.compiled[name] = self.compile(name)
        spec, code = self.compiled[name]
        if code is None or not self.again:
            return importlib.import_module(name)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            exec(code, module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    @staticmethod
    def compile(name):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError as missing:
            if not f"{name}.".startswith(f"{missing.name}."):
                raise
            spec = None
        own = os.path.abspath(name.replace(".", os.sep) + ".py")
        if os.path.exists(own) and spec and spec.origin != own:
            raise Refused(f"{own} has the name of another module, {spec.origin or 'a built-in one'}; "
                          "rename it")
        if spec is None:
            here = sorted(f[:-3] for f in os.listdir() if f.endswith(".py"))
            raise Refused(f"there is no module '{name}' in {os.getcwd()} or among the installed "
                          f"ones{did_you_mean(name, here)}")
        source = isinstance(spec.loader, importlib.machinery.SourceFileLoader)
        return spec, spec.loader.get_code(name) if source else None

    def function(self, named, arguments):
        module_name, _, name = named.partition(":")
        module = self.load(module_name)
        function = getattr(module, name, None)
        if not callable(function):
            known = sorted(k for k, v in vars(module).items()
                           if isinstance(v, types.FunctionType) and not k.startswith("_"))
            raise Refused(f"module '{module_name}' has no function '{name}'; it has: "
                          f"{', '.join(known) or 'none'}{did_you_mean(name, known)}")
        if (named, *arguments) not in self.accepted:
            self.check(named, function, arguments)
        return function

    def check(self, named, function, arguments):
        import inspect
        try:
            signature = inspect.signature(function)
        except ValueError:  # of some functions that are not written in Python
            return
        try:
            signature.bind(**arguments)
        except TypeError as problem:
            known = list(signature.parameters)
            near = "".join(did_you_mean(a, known) for a in arguments if a not in known)
            if "attempt" in known and "attempt" not in arguments:
                near += "; the attempt is no argument: from millrace_worker import attempt"
            raise Refused(f"'{named}' does not take these arguments: {problem}; it is "
                          f"{named.partition(':')[2]}{signature}{near}") from None
        self.accepted.add((named, *arguments))

    def new_files(self):
        """The files of all modules below the folder, if modules have come since the last call."""
        if self.listed == len(sys.modules):
            return None
        self.listed = len(sys.modules)
        folder = os.path.join(sys.path[0], "")
        files = (getattr(m, "__file__", None) for m in list(sys.modules.values()))
        return sorted({f for f in files if isinstance(f, str) and f.startswith(folder)})


class Surroundings:
    """What a task may change in the process: put back, or else a reason to replace the worker."""

    def __init__(self):
        self.environment, self.folder = self.variables().copy(), os.getcwd()
        self.handlers = [_signal.getsignal(s) for s in WATCHED_SIGNALS]
        self.threads = self.running_threads()

    @staticmethod
    def variables():
        return getattr(os.environ, "_data", None) or dict(os.environ)

    @staticmethod
    def running_threads():
        threading = sys.modules.get("threading")
        return {t for t in threading.enumerate() if t.name != "MainThread"} if threading else set()

    def accept_threads(self):
        self.threads = self.running_threads()

    def restore(self):
        if self.variables() != self.environment:
            wanted = {os.fsdecode(k): os.fsdecode(v) for k, v in self.environment.items()}
            os.environ.clear()
            os.environ.update(wanted)
        try:
            moved = os.getcwd() != self.folder
        except OSError:  # its folder is gone
            moved = True
        if moved:
            os.chdir(self.folder)
        for number, handler in zip(WATCHED_SIGNALS, self.handlers):
            now = _signal.getsignal(number)
            if now is not handler and now != handler and handler is not None:
                signal.signal(number, handler)

    def left_behind(self):
        threads = self.running_threads() - self.threads
        if threads:
            return f"thread '{threads.pop().name}'"
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            return "a child process"
        except ChildProcessError:
            return None


def plain(value):
    """Values that json does not know."""
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise Refused(f"an output holds a {type(value).__name__}, which is no JSON value; write it to "
                  "a file of output_files, and return its path")


def place_of_bad_number(value, place="output "):
    """The first number that the outputs cannot hold, and why; None: there is none."""
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return f"{place} is {value}, which JSON does not have; return None or a text"
    if isinstance(value, int) and not -1 << 63 <= value < 1 << 63:
        return f"{place}: {value} does not fit 64 bits; return a text to keep it exactly"
    pairs = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, (list, tuple)) else ())
    places = (place_of_bad_number(v, f"{place}/{k}") for k, v in pairs)
    found = next(filter(None, places), None)
    return found and found.replace("output /", "output ")


class Worker:
    def __init__(self):
        # Out of the way of what a task does with low descriptors, and of its children.
        self.channel = fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, 200)
        os.close(3)
        self.running = False
        self.output = None
        self.modules = self.isolation = None
        self.encode = json.JSONEncoder(default=plain, allow_nan=False, separators=(",", ":")).encode

    def send(self, text):
        data = memoryview(text.encode() + b"\n")
        while data:
            data = data[os.write(self.channel, data):]

    def messages(self):
        parts = []
        while True:
            part = os.read(self.channel, 1 << 16)
            if not part:
                return
            parts.append(part)
            if b"\n" in part:
                *lines, rest = b"".join(parts).split(b"\n")
                parts = [rest]
                for line in lines:
                    yield json.loads(line.decode())

    def serve(self):
        self.send(json.dumps({"type": "hello", "protocol": [1], "language": "python",
                              "sdk": 1, "pid": os.getpid()}))
        signal.signal(signal.SIGTERM, self.cancel)
        self.before = Surroundings()
        for message in self.messages():
            if message["type"] == "welcome":
                self.isolation = message["isolation"]
                self.modules = Modules(again=self.isolation == "module")
                for output in message.get("outputs", []):
                    os.set_inheritable(output, False)
            elif message["type"] == "task":
                self.send(self.answer(message))
            else:
                raise SystemExit(f"the engine sent an unknown message: {message['type']}")

    def cancel(self, *_):
        if self.running:
            self.running = False
            raise Cancelled("the task was cancelled or is out of time")

    def print_to(self, output):
        if output is not None and output != self.output:
            os.dup2(output, 1)
            os.dup2(output, 2)
            self.output = output

    def answer(self, task):
        self.print_to(task.get("output"))
        attempt.__dict__.clear()
        attempt.__dict__.update(task)
        answer = self.perform(task)
        self.before.restore()
        answer["id"] = task["id"]
        left = self.before.left_behind() if self.isolation == "module" else None
        if left:
            print(f"the task left {left} running: the worker is replaced. isolation: none keeps "
                  "it", file=sys.stderr)
            answer["retire"] = True
        files = self.modules.new_files()
        if files is not None:
            answer["files"] = files
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):  # the task has closed it
                answer["retire"] = True
        return self.text_of(answer, task)

    def perform(self, task):
        try:
            try:
                self.running = True
                return {"type": "done", "outputs": self.call(task)}
            finally:
                self.running = False
        except Skip as skip:
            return {"type": "skipped", "reason": str(skip)}
        except SystemExit as end:
            code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
            if code == 0:
                return {"type": "done", "outputs": {}}
            if code == 99:
                return {"type": "skipped", "reason": "the function ended with exit code 99"}
            return failed("SystemExit", str(end.code), "yes", exit_code=code & 255)
        except Refused as refusal:
            return failed("", str(refusal), "no")
        except BaseException as error:
            import traceback
            trace = error.__traceback__.tb_next  # without this file's frames
            while trace and trace.tb_frame.f_code.co_filename == __file__:
                trace = trace.tb_next
            traceback.print_exception(type(error), error, trace)
            name = type(error).__name__
            if isinstance(error, Retry) and error.after is not None:
                return failed(name, str(error), "after", after_ms=int(error.after * 1000))
            return failed(name, str(error), "no" if isinstance(error, Permanent) else "yes")

    def call(self, task):
        arguments = dict(task["inputs"] or {})
        for name, file in task["input_files"].items():
            arguments[name] = file["path"]
        first = task["function"] not in self.modules.used
        function = self.modules.function(task["function"], arguments)
        if first:  # what libraries start when they are imported stays with them
            self.before.accept_threads()
            self.modules.used.add(task["function"])
        result = function(**arguments)
        if hasattr(result, "__await__"):
            import asyncio
            result = asyncio.run(result)
        if result is None:
            return {}
        if isinstance(result, dict):
            for key in result:
                if not isinstance(key, str):
                    raise Refused(f"'{task['function']}' returned a dict with the key {key!r}; the "
                                  "names of outputs are texts")
        else:
            raise Refused(f"'{task['function']}' returned a {type(result).__name__}; expected a "
                          "dict with the names of outputs, or None")
        for name in task["output_files"]:
            if isinstance(result.get(name), (str, os.PathLike)):
                result = {**result, name: os.path.abspath(result[name])}
        return result

    def text_of(self, answer, task):
        try:
            text = self.encode(answer)
            if "\\ud" in text:
                json.dumps(json.loads(text), ensure_ascii=False).encode()  # half a pair: an error
            problem = LONG_NUMBER.search(text) and place_of_bad_number(answer.get("outputs"))
            if len(text) < MOST_BYTES and not problem:
                return text
            problem = problem or (
                f"the outputs have {len(text) / (1 << 20):.1f} MiB as JSON; at most 4 MiB fit. "
                "Write them to a file of output_files, and return its path")
        except Refused as refusal:
            problem = str(refusal)
        except (TypeError, ValueError, RecursionError) as error:
            problem = (place_of_bad_number(answer.get("outputs"))
                       or f"the outputs are not JSON: {error}")
        return json.dumps({**failed("", problem, "no"), "id": task["id"],
                           "retire": answer.get("retire", False)})


def failed(name, message, retry, **more):
    return {"type": "failed", "error": {"class": name, "message": message[:20000], "retry": retry,
                                        **more}}


if __name__ == "__main__":
    sys.modules["millrace_worker"] = sys.modules["__main__"]  # what a task imports is this
    sys.path[0] = os.getcwd()
    Worker().serve()
