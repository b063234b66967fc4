"""The house rules that a parser can check: sizes, layers, imports, names, topics, docstrings.

Each rule stands under the violation that it must catch; then the whole tree must have none.
Print, clocks, formatting and types are ruff's and mypy's, services apart are import-linter's:
tests/test_linters.py shows that those catch theirs.
"""

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("shared", "services", "deploy", "bench", "tests")

FUNCTION_LINES = 70
FILE_LINES = 600
TEST_FILE_LINES = 800
AGGREGATE_FILE_LINES = 300
COMMAND_BODY_LINES = 15
ROUTE_BODY_LINES = 10
PUBLIC_METHODS = 12
PARAMETERS = 5
POSITIONAL_PARAMETERS = 2
NESTING = 3
IMPORT_CHAIN = 12
COLUMNS = 100
TEST_NAME_WORDS = 3

BROAD_EXCEPT_ALLOWED: dict[str, str] = {
    "shared/wakeup.py::_again_and_again": "relay, consumers and workers: logs, backs off, goes on",
    "shared/consumers/worker.py::Worker.offer": "one worker's error must not stop the others",
    "shared/consumers/worker.py::Worker._deal_with": "parks what cannot be applied",
    "shared/consumers/worker.py::Worker._retry_one": "counts a parked event's tries",
    "shared/consumers/effects.py::EffectRunner._carry_out": "counts an effect's tries, then parks",
    "tests/simulation/simulate.py::simulate": "whatever goes wrong is the seed's result",
    "tests/year/test_crossing.py::test_f53_f54_one_charge_is_booked_once": "names the seed",
}
"""file::function -> why it may catch everything. Only outermost loops, which count and park."""

MANY_PARAMETERS_ALLOWED = {
    "shared/peers.py::Peers.call": "the parts of an HTTP request",
    "shared/tokens.py::Signer.issue": "the claims of a token",
    "tests/accounts/house.py::House.ask": "the parts of an HTTP request",
}
"""file::function -> why it takes more than five parameters, all named by the caller."""

SLEEP_ALLOWED: dict[str, str] = {
    "tests/conftest.py::wait_until": "polls what is outside of this process",
    "tests/shared/test_reads.py::Writers._write": "a client asks again while no primary answers",
    "tests/servers.py::_until_postgres_answers": "polls a server that starts",
    "tests/journeys/platform.py::Platform.wait_until_ready": "polls programs that start again",
    "tests/journeys/platform.py::Platform.mail_to": "polls the mail catcher",
    "tests/journeys/test_card_numbers.py::Places.wait_for": "polls the files of the platform",
    "tests/faults/proxy.py::Proxy._suffer": "slowness is what it is for",
    "tests/faults/stand.py::Stand.until_back": "polls programs that start again",
    "tests/faults/asking.py::Asker.definite": "a client waits before it asks again",
    "tests/faults/asking.py::Asker._make_up": "a client waits as long as it was told to",
    "tests/faults/traffic.py::Crowd.until": "polls what the crowd was answered",
    "tests/faults/killer.py::Killer._watch": "polls a program that starts again",
    "tests/journeys/test_order.py::"
    "test_one_trace_leads_from_the_browsers_request_to_the_sent_mail": "spans come in batches",
    "tests/simulation/virtual_time.py::pass_time": "virtual time: nobody waits",
}
"""file::function -> why this test code sleeps instead of waiting for a position."""

SURROUNDINGS = {"call", "client", "connection", "db", "request", "tx"}
"""Parameters that say where a function works, not on what: they are not counted as positional."""

THREE_POSITIONAL_ALLOWED: dict[str, str] = {
    "services/billing/gateways/stripe/connection.py::BoundedClient.request_async": "Stripe",
    "shared/i18n.py::Translations.ngettext": "gettext's own order",
    "services/billing/documents/xml_writing.py::XmlWriter.add": "where, what, text: as XML says it",
    "shared/peers.py::Peers.call": "peer, method, path: as HTTP says them",
}
"""file::function -> whose protocol gives it three positional parameters."""

REMARK = re.compile(r"\s*# (noqa|type: ignore).*$")

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """A Python file: its path from the root of the project, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    @cached_property
    def functions(self) -> list[tuple[str, Function]]:
        """Every function with its qualified name."""
        return list(_functions(self.tree, ""))

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]

    @cached_property
    def aggregates(self) -> list[ast.ClassDef]:
        return [
            cls
            for cls in self.classes
            if any(ast.unparse(base) == "Aggregate" for base in cls.bases)
        ]

    @property
    def top(self) -> str:
        return self.path.parts[0]

    @property
    def module(self) -> str:
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTION, ast.ClassDef)):
            name = prefix + child.name
            if not isinstance(child, ast.ClassDef):
                yield name, child
            yield from _functions(child, name + ".")
        else:
            yield from _functions(child, prefix)


Finding = tuple[str, int, str]
"""File, line, what is wrong."""
Rule = Callable[[Sequence[Source]], Iterator[Finding]]
FileRule = Callable[[Source], Iterator[tuple[int, str]]]

RULES: dict[str, tuple[Rule, list[Source]]] = {}


def tree_rule(example: dict[str, str]) -> Callable[[Rule], Rule]:
    """Register a rule over all files together with files that break it."""

    def register(rule: Rule) -> Rule:
        files = [Source(PurePosixPath(path), dedent(text)) for path, text in example.items()]
        RULES[rule.__name__] = rule, files
        return rule

    return register


def rule(path: str, text: str) -> Callable[[FileRule], FileRule]:
    """Register a rule that looks at one file at a time, with a file that breaks it."""

    def register(check: FileRule) -> FileRule:
        def over_all(sources: Sequence[Source]) -> Iterator[Finding]:
            for source in sources:
                for line, message in check(source):
                    yield str(source.path), line, message

        over_all.__name__ = check.__name__
        tree_rule({path: text})(over_all)
        return check

    return register


# ------------------------------------------------------------------------------------------ sizes


@rule("shared/store.py", "def much():\n" + "    pass\n" * 70)
def functions_have_at_most_70_lines(source: Source) -> Iterator[tuple[int, str]]:
    for name, function in source.functions:
        lines = _last_line(function) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield function.lineno, f"{name} has {lines} lines"


def _last_line(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


@rule("shared/store.py", "pass\n" * 601)
def files_have_at_most_600_lines_and_tests_800(source: Source) -> Iterator[tuple[int, str]]:
    lines = source.text.count("\n")
    if lines > (TEST_FILE_LINES if source.top == "tests" else FILE_LINES):
        yield lines, f"{lines} lines"


@rule(
    "services/billing/invoices/invoice.py",
    "class Invoice(Aggregate):\n    pass\n" + "\n" * 300,
)
def aggregate_files_have_at_most_300_lines(source: Source) -> Iterator[tuple[int, str]]:
    lines = source.text.count("\n")
    if source.aggregates and source.top == "services" and lines > AGGREGATE_FILE_LINES:
        yield lines, f"{lines} lines"


@rule(
    "shared/store.py",
    "class Store:\n" + "".join(f"    def read_{n}(self): ...\n" for n in range(13)),
)
def classes_have_at_most_12_public_methods(source: Source) -> Iterator[tuple[int, str]]:
    """Save in tests, where a cast of clients and neighbours says many different sentences."""
    for cls in source.classes:
        methods = {
            child.name
            for child in cls.body
            if isinstance(child, FUNCTION)
            and not child.name.startswith("_")
            and "property" not in _decorators(child)
        }
        if len(methods) > PUBLIC_METHODS and source.top != "tests":
            yield cls.lineno, f"{cls.name} has {len(methods)} public methods"


def _decorators(function: Function) -> list[str]:
    """The decorators as written, without the arguments of a call."""
    calls = (node.func if isinstance(node, ast.Call) else node for node in function.decorator_list)
    return [ast.unparse(call) for call in calls]


@rule("shared/store.py", "def save(a, b, c, *, d, e, f): ...")
def functions_take_at_most_5_parameters(source: Source) -> Iterator[tuple[int, str]]:
    """Save where the parameters are the facts of an event: what makes or changes an aggregate."""
    facts = _functions_whose_parameters_are_facts(source)
    for name, function in source.functions:
        count = len(_parameters(function))
        is_exempt = function in facts or f"{source.path}::{name}" in MANY_PARAMETERS_ALLOWED
        if count > PARAMETERS and not is_exempt:
            yield function.lineno, f"{name} takes {count} parameters"


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument.arg for argument in named if argument.arg not in {"self", "cls"}]


def _functions_whose_parameters_are_facts(source: Source) -> set[Function]:
    methods = (child for cls in source.aggregates for child in cls.body)
    return {
        method
        for method in methods
        if isinstance(method, FUNCTION) and {"event", "classmethod"} & {*_decorators(method)}
    }


@rule("shared/store.py", "def save(stream, version, data): ...")
def parameters_above_two_are_keyword_only(source: Source) -> Iterator[tuple[int, str]]:
    """Save where a framework calls: decorated functions and dunders; tests name their fixtures."""
    if source.top == "tests":
        return
    for name, function in source.functions:
        arguments = [*function.args.posonlyargs, *function.args.args]
        positional = [a for a in arguments if a.arg not in {"self", "cls", *SURROUNDINGS}]
        is_called_by_framework = (
            function.decorator_list
            or function.name.startswith("__")
            or f"{source.path}::{name}" in THREE_POSITIONAL_ALLOWED
        )
        if len(positional) > POSITIONAL_PARAMETERS and not is_called_by_framework:
            yield function.lineno, f"{name} takes {len(positional)} positional parameters"


@rule(
    "shared/relay.py",
    """
    def publish(rows):
        for row in rows:
            if row:
                with row as it:
                    while it:
                        pass
    """,
)
def blocks_nest_at_most_3_deep(source: Source) -> Iterator[tuple[int, str]]:
    for name, function in source.functions:
        depth = max((_depth(child) for child in function.body), default=0)
        if depth > NESTING:
            yield function.lineno, f"{name} nests {depth} deep"


BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


def _depth(node: ast.AST, *, is_elif: bool = False) -> int:
    if isinstance(node, (*FUNCTION, ast.ClassDef, ast.Lambda)):
        return 0
    own = int(isinstance(node, BLOCKS) and not is_elif)
    inner = 0
    for child in ast.iter_child_nodes(node):
        continues = (
            isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        )
        inner = max(inner, _depth(child, is_elif=continues))
    return own + inner


@rule("shared/store.py", "TEXT = '" + "x" * 100 + "'")
def lines_have_at_most_100_columns(source: Source) -> Iterator[tuple[int, str]]:
    """Not counting a remark to a linter at the end."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        columns = len(REMARK.sub("", line))
        if columns > COLUMNS:
            yield number, f"{columns} columns"


# -------------------------------------------------------------------------------- who imports whom


def import_graph(sources: Sequence[Source]) -> dict[str, set[str]]:
    """module -> the modules of the project that it names in an import."""
    modules = {source.module for source in sources}
    return {
        source.module: {
            target
            for _, name in _imports(source.tree)
            if (target := _module_of(name, modules)) and target != source.module
        }
        for source in sources
    }


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that is imported, but for types only."""
    skipped = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _module_of(name: str, modules: Iterable[str]) -> str | None:
    while name:
        if name in modules:
            return name
        name = name.rpartition(".")[0]
    return None


@tree_rule(
    {
        "shared/a.py": "from shared.b import thing",
        "shared/b.py": "from shared import c",
        "shared/c.py": "import shared.a",
    }
)
def imports_have_no_cycle(sources: Sequence[Source]) -> Iterator[Finding]:
    try:
        TopologicalSorter(import_graph(sources)).prepare()
    except CycleError as error:
        yield str(sources[0].path), 1, " <- ".join(error.args[1])


@tree_rule({f"shared/m{n}.py": f"import shared.m{n + 1}" for n in range(13)})
def import_chains_have_at_most_12_modules(sources: Sequence[Source]) -> Iterator[Finding]:
    """In the program; a package's `__init__` only names what it offers and is no link."""
    graph = import_graph([source for source in sources if source.top not in {"tests", "bench"}])
    packages = {source.module for source in sources if source.path.stem == "__init__"}
    chains: dict[str, tuple[str, ...]] = {}
    try:
        for module in TopologicalSorter(graph).static_order():
            tails = [chains[target] for target in graph.get(module, ())]
            own = () if module in packages else (module,)
            chains[module] = (*own, *max(tails, key=len, default=()))
    except CycleError:
        return
    longest = max(chains.values(), key=len, default=())
    if len(longest) > IMPORT_CHAIN:
        yield longest[0], 1, f"{len(longest)} modules: {' -> '.join(longest)}"


READS_THE_WORLD = {
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "urllib",
}
AGGREGATES_MAY_IMPORT = (
    "eventsourcing",
    "shared.errors",
    "shared.money",
    "shared.personal",
    # Values of the domain that more than one aggregate is made of, and sums over them.
    "services.billing.boleto.bank_account",
    "services.billing.boleto.barcode",
    "services.billing.boleto.boleto_events",
    "services.billing.boleto.late_payment",
    "services.billing.boleto.own_number",
    "services.billing.bank_transfers.shares",
    "services.billing.brands.transfer_accounts",
    "services.billing.carts.items",
    "services.billing.catalogue.terms",
    "services.billing.promotions.discount",
    "services.billing.held_services.service_events",
    "services.billing.held_services.terms",
    "services.billing.invoices.invoice_events",
    "services.billing.invoices.lines",
    "services.billing.invoices.reversals",
    "services.billing.invoices.settlement",
    "services.billing.payments.life_cycle",
    "services.billing.payments.mismatch",
    "services.billing.payments.return_path",
    "services.billing.payments.reversing",
    "services.billing.payments.payment_events",
    "services.billing.orders.items",
    "services.billing.pix.receiver",
    "services.billing.rules.rules",
    "services.billing.tax.brand_taxes",
    "services.billing.tax.tax",
    "services.billing.why.why",
)


@rule(
    "services/billing/invoices/invoice.py",
    """
    from shared.ids import new_id
    class Invoice(Aggregate): ...
    """,
)
def aggregates_import_only_errors_and_money(source: Source) -> Iterator[tuple[int, str]]:
    if not source.aggregates or source.top != "services":
        return
    for line, name in _imports(source.tree):
        package = name.split(".", maxsplit=1)[0]
        is_pure = package in sys.stdlib_module_names and package not in READS_THE_WORLD
        is_allowed = any(name == m or name.startswith(m + ".") for m in AGGREGATES_MAY_IMPORT)
        if not is_pure and not is_allowed:
            yield line, f"an aggregate imports {name}"


MAY_NOT_IMPORT: dict[str, frozenset[str]] = {
    "commands": frozenset({"routes", "views", "policies", "app"}),
    "policies": frozenset({"routes", "app"}),
    "routes": frozenset({"app", "policies"}),
    "views": frozenset({"routes", "commands", "policies", "app"}),
    "publishing": frozenset({"routes", "commands", "policies", "views", "app"}),
}
"""File name -> the file names of its own service that it does not import."""


@rule(
    "services/billing/invoices/commands.py",
    "from services.billing.payments.routes import router",
)
def layers_import_downwards(source: Source) -> Iterator[tuple[int, str]]:
    banned = MAY_NOT_IMPORT.get(source.path.stem, frozenset())
    if source.top != "services":
        return
    for line, name in _imports(source.tree):
        parts = name.split(".")
        if parts[0] == "services" and (layer := banned.intersection(parts[2:])):
            yield line, f"{source.path.stem} imports {', '.join(layer)}: {name}"


# ------------------------------------------------------------------------------ the three layers


@rule(
    "services/billing/invoices/commands.py",
    "async def issue_invoice(command, tx):\n" + "    pass\n" * 16,
)
def commands_have_at_most_15_lines(source: Source) -> Iterator[tuple[int, str]]:
    if source.top != "services" or source.path.stem != "commands":
        return
    for name, function in source.functions:
        lines = _body_lines(function)
        if "tx" in _parameters(function) and lines > COMMAND_BODY_LINES:
            yield function.lineno, f"{name} has {lines} lines: load, decide, save, return"


def _body_lines(function: Function) -> int:
    """The lines of the body without its docstring."""
    first = function.body[1:2] if ast.get_docstring(function) else function.body[:1]
    return _last_line(function) - first[0].lineno + 1 if first else 0


@rule(
    "services/billing/invoices/routes.py",
    """
    @router.post("/v1/invoices")
    async def post_invoice(call):
        try:
            pass
        finally:
            pass
    """,
)
def routes_have_at_most_10_lines_and_no_try(source: Source) -> Iterator[tuple[int, str]]:
    if source.top != "services" or source.path.stem != "routes":
        return
    for name, function in source.functions:
        if not any(text.startswith("router.") for text in _decorators(function)):
            continue
        lines = _body_lines(function)
        if lines > ROUTE_BODY_LINES:
            yield function.lineno, f"{name} has {lines} lines: parse, command, answer"
        if any(isinstance(node, ast.Try) for node in ast.walk(function)):
            yield function.lineno, f"{name} catches: errors are answered by their kind"


@tree_rule(
    {
        "services/billing/invoices/invoice.py": """
            class Invoice(Aggregate):
                TOPIC = "billing.invoice"
                class Issued(Aggregate.Created):
                    number: str
            """
    }
)
def aggregates_and_their_events_have_a_topic(sources: Sequence[Source]) -> Iterator[Finding]:
    """`service.aggregate` and `service.aggregate.event`, each once: it is stored for ever."""
    topics: Counter[str] = Counter()
    for source, cls, depth in _classes_with_topic(sources):
        topic = _topic(cls)
        pattern = rf"{source.path.parts[1]}" + r"\.[a-z_]+" * depth
        if topic is None or not re.fullmatch(pattern, topic):
            yield str(source.path), cls.lineno, f"TOPIC of {cls.name} is {topic}"
        elif topics[topic]:
            yield str(source.path), cls.lineno, f"TOPIC {topic} is taken"
        topics[topic or ""] += 1


def _classes_with_topic(sources: Sequence[Source]) -> Iterator[tuple[Source, ast.ClassDef, int]]:
    """Every aggregate (1) and event (2) of the services."""
    for source in (source for source in sources if source.top == "services"):
        for aggregate in source.aggregates:
            yield source, aggregate, 1
            yield from ((source, event, 2) for event in _events(aggregate))
        yield from ((source, event, 2) for event in _events_apart(source))


def _events_apart(source: Source) -> list[ast.ClassDef]:
    """Events of an aggregate that stand in a file of their own, as it would be too long."""
    return [cls for cls in source.tree.body if isinstance(cls, ast.ClassDef) and _is_event(cls)]


def _is_event(cls: ast.ClassDef) -> bool:
    return any(ast.unparse(base) == "Aggregate.Event" for base in cls.bases)


def _events(aggregate: ast.ClassDef) -> list[ast.ClassDef]:
    return [child for child in aggregate.body if isinstance(child, ast.ClassDef)]


def _topic(cls: ast.ClassDef) -> str | None:
    for node in cls.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TOPIC":
            return str(ast.literal_eval(node.value))
    return None


# --------------------------------------------------------------------------- errors, money, time


@rule(
    "services/billing/gateways/port.py",
    """
    def charge():
        try:
            pass
        except (ValueError, Exception):
            pass
    """,
)
def nothing_catches_everything(source: Source) -> Iterator[tuple[int, str]]:
    for name, function in source.functions:
        if f"{source.path}::{name}" in BROAD_EXCEPT_ALLOWED:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
                yield node.lineno, f"{name} catches everything"


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind) in {"Exception", "BaseException"} for kind in types)


@rule("services/billing/invoices/proration.py", "HALF = 0.5\ndef share(rate: float): ...")
def money_is_never_a_float(source: Source) -> Iterator[tuple[int, str]]:
    """Time limits (`..._s`, `timeout`) may be floats; nothing else in billing and contracts is."""
    is_money = source.path.parts[:2] in {("services", "billing"), ("shared", "contracts")}
    if not is_money and str(source.path) != "shared/money.py" and not source.aggregates:
        return
    seconds = {inner for node in ast.walk(source.tree) for inner in _seconds(node)}
    for node in ast.walk(source.tree):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_type = isinstance(node, ast.Name) and node.id == "float"
        if (is_literal or is_type) and node not in seconds:
            yield getattr(node, "lineno", 1), f"a float: {ast.unparse(node)}"


def _seconds(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes inside of what is named as a span of seconds."""
    name = ""
    if isinstance(node, ast.keyword | ast.arg):
        name = node.arg or ""
    elif isinstance(node, ast.AnnAssign):
        name = ast.unparse(node.target)
    elif isinstance(node, ast.Assign):
        name = ast.unparse(node.targets[0])
    if name.lower().endswith(("_s", "timeout")):
        yield from ast.walk(node)


@rule("tests/shared/test_relay.py", "async def test_it():\n    await asyncio.sleep(1)")
def no_test_sleeps_instead_of_waiting_for_a_position(source: Source) -> Iterator[tuple[int, str]]:
    if source.top != "tests":
        return
    for name, function in source.functions:
        if f"{source.path}::{name}" in SLEEP_ALLOWED:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and _sleeps(node):
                yield node.lineno, f"{name} sleeps"


def _sleeps(call: ast.Call) -> bool:
    yields_once = [ast.unparse(argument) for argument in call.args] == ["0"]
    return ast.unparse(call.func) in {"asyncio.sleep", "time.sleep", "sleep"} and not yields_once


# ------------------------------------------------------------------------------ names, docstrings

VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "managers"}


@rule("services/billing/utils.py", "")
def no_file_has_a_vague_name(source: Source) -> Iterator[tuple[int, str]]:
    if vague := VAGUE.intersection(source.path.with_suffix("").parts):
        yield 1, f"a file is named after what is in it, not {', '.join(vague)}"


@rule("services/billing/invoices/invoice.py", "class InvoiceManager: ...")
def no_class_is_a_manager(source: Source) -> Iterator[tuple[int, str]]:
    for cls in source.classes:
        if cls.name.endswith(("Manager", "Helper", "Utils", "Exception")):
            yield cls.lineno, f"{cls.name}: say what it is; an error states the fact"


@rule("shared/store.py", "x = 1")
def modules_say_what_they_are_for(source: Source) -> Iterator[tuple[int, str]]:
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield 1, "no docstring"


@rule("shared/store.py", "def append(): ...")
def the_kernel_says_what_it_guarantees(source: Source) -> Iterator[tuple[int, str]]:
    """Public functions and classes of modules in shared/ have a docstring."""
    if source.top != "shared":
        return
    for node in source.tree.body:
        if not isinstance(node, (*FUNCTION, ast.ClassDef)) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"


@rule("services/billing/invoices/invoice.py", "class Invoice(Aggregate):\n    def pay(self): ...")
def aggregates_say_what_a_repeat_does(source: Source) -> Iterator[tuple[int, str]]:
    """Public methods of aggregates have a docstring."""
    methods = (child for cls in source.aggregates for child in cls.body)
    for node in methods if source.top == "services" else ():
        if isinstance(node, FUNCTION) and not node.name.startswith("_"):
            is_rule = "property" not in _decorators(node) and "staticmethod" not in _decorators(
                node
            )
            if is_rule and not ast.get_docstring(node):
                yield node.lineno, f"{node.name} has no docstring"


@rule("tests/shared/test_money.py", "def test_split(): ...")
def names_of_tests_are_sentences(source: Source) -> Iterator[tuple[int, str]]:
    for name, function in source.functions:
        words = function.name.split("_")
        if source.top == "tests" and words[0] == "test" and len(words) <= TEST_NAME_WORDS:
            yield function.lineno, f"{name} is no sentence"


# -------------------------------------------------------------------------------------- the tests


def _project() -> list[Source]:
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    return [
        Source(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text("utf-8"))
        for path in paths
    ]


@pytest.fixture(scope="module")
def project() -> list[Source]:
    return _project()


@pytest.mark.parametrize("name", RULES)
def test_the_rule_catches_a_violation(name: str) -> None:
    check, example = RULES[name]
    assert list(check(example)), f"{name} finds nothing wrong in its own example"


@pytest.mark.parametrize("name", RULES)
def test_the_project_keeps_the_rule(name: str, project: list[Source]) -> None:
    check, _ = RULES[name]
    findings = [f"{path}:{line}: {message}" for path, line, message in check(project)]
    assert not findings, "\n" + "\n".join(findings)


def test_the_lists_of_exceptions_name_only_what_exists(project: list[Source]) -> None:
    names = {f"{source.path}::{name}" for source in project for name, _ in source.functions}
    listed = {
        **BROAD_EXCEPT_ALLOWED,
        **MANY_PARAMETERS_ALLOWED,
        **SLEEP_ALLOWED,
        **THREE_POSITIONAL_ALLOWED,
    }
    assert names >= listed.keys()
