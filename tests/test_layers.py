"""The law of the house: who may import whom, and what else a file may not do.

`breaches` reads the files under a folder with `ast` and says which line broke which rule. A module
belongs to the wing of the longest name in WINGS that it begins with.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
METHOD = {"drag", "networks"}  # the wing "drag" is what stands directly in drag/, and drag/solvers/
WINGS = {  # and what each may import of the project, beside itself
    "networks": set(),
    "networks.checkpoints": {"networks"},
    "drag": {"networks"},
    "drag.__init__": METHOD | {"drag.models", "drag.files"},  # the library as README shows it
    "drag.__main__": METHOD | {"drag.models", "drag.files", "drag.photo"},  # the command line
    "drag.models": {"networks", "networks.checkpoints"},
    "drag.files": METHOD | {"networks.checkpoints"},
    "drag.photo": METHOD | {"drag.models"},
    "drag.server": METHOD | {"drag.models", "drag.files", "drag.photo"},
    "drag.web": METHOD | {"drag.models", "drag.files", "drag.photo", "drag.server"},
    "drag.page": METHOD | {"drag.models", "drag.files", "drag.photo", "drag.server"},
    "app": METHOD
    | {"drag.models", "drag.files", "drag.photo", "drag.server", "drag.web", "drag.page"},
}
GRADIO = {"app", "drag.web", "drag.page"}
HOMES = {  # of concrete networks: who else may name them; all others know protocols
    "networks.stylegan2": {"drag.models"},
    "networks.stylegan3": {"drag.models"},
    "networks.mobile_stylegan": {"drag.models"},
    "networks.encoder": {"drag.photo"},
    "networks.mtcnn": {"drag.photo"},
}
NOT_IN_THE_METHOD = {
    "threading",
    "_thread",
    "os",
    "queue",
    "concurrent",
    "multiprocessing",
    "asyncio",
    "subprocess",
    "socket",
}
MAKES_A_VALUE = {  # what a module may call when it is imported, through its own functions, too
    "compile",
    "ContextVar",
    "getLogger",
    "TypeVar",
    "read_asset",
    "read_text",
    "loads",
    "dumps",
    "join",
    "items",
    "removeprefix",
    "startswith",
    "split",
    "escape",
    "map",
    "len",
    "enumerate",
    "range",
    "tuple",
    "slice",
    "ord",
    "str",
    "property",
    "outer",
    "get_supported",
    "field",
    "Path",
    "Lock",
    "Semaphore",
    "WeakKeyDictionary",
    "PointPair",
    "Example",
    "Plan",
    "Model",
    "Settings",
    "Solver",
    "HubFile",
    "Wheel",
    "Soft",
    "Oval",
    "set",
    "I18n",
    "update",
    "skip",
    "GPU",
}
MOST_LINES, MOST_FILES = 300, 18  # of a file; directly in drag/


def breaches(root: Path) -> list[str]:
    """What breaks a rule in the project at root: "file:line: rule"."""
    found = []
    sources = [root / "app.py", *root.glob("drag/**/*.py"), *root.glob("networks/**/*.py")]
    for path in filter(Path.exists, sources):
        tree, name = ast.parse(path.read_text("utf-8")), path.relative_to(root)
        broken = [*_imports(root, name, tree), *_work(tree.body, _functions(tree))]
        found += [f"{name}:{line}: {rule}" for line, rule in broken]
    for path in (
        path
        for kind in ("py", "js", "css", "html")
        for path in root.rglob(f"*.{kind}")
        if path.relative_to(root).parts[0] in ("app.py", "drag", "networks", "assets", "tests")
    ):
        lines = len(path.read_text("utf-8").splitlines())
        if lines > MOST_LINES:
            found.append(f"{path.relative_to(root)}:{lines}: a file has {MOST_LINES} lines at most")
    if len(files := list(root.glob("drag/*.py"))) > MOST_FILES:
        found.append(f"drag:{len(files)}: at most {MOST_FILES} files stand directly in drag/")
    return found


def _wing(module: str) -> str:
    return max((wing for wing in WINGS if f"{module}.".startswith(f"{wing}.")), key=len)


def _imports(root: Path, name: Path, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The imports, anywhere in a file, that its wing may not have."""
    wing = _wing(".".join(name.with_suffix("").parts))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "imports name their module in full"
                continue
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [each if _is_module(root, each) else node.module for each in named]
        else:
            continue
        for module in modules:
            top = module.split(".")[0]
            if top in ("drag", "networks", "app"):
                other = _wing("drag.__init__" if module == "drag" else module)
                if other not in WINGS[wing] | {wing}:
                    yield node.lineno, f"{wing} may not import {other} ({module})"
                if module in HOMES and wing not in HOMES[module] | {"networks"}:
                    yield node.lineno, f"{wing} may not name a concrete network ({module})"
            elif top.startswith("gradio") and wing not in GRADIO:
                yield node.lineno, f"{wing} may not import gradio"
            elif top in NOT_IN_THE_METHOD and wing == "drag":
                yield node.lineno, f"the method may not import {top}"


def _is_module(root: Path, module: str) -> bool:
    path = root.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _work(body: list[ast.stmt], own: dict[str, ast.FunctionDef]) -> Iterator[tuple[int, str]]:
    """What is done when a module is imported: definitions and values are all that it may make.
    own: the module's functions, which are looked into where they are called."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.Expr(ast.Constant(str())):
                continue
            case ast.ClassDef():
                yield from _work(node.body, own)
            case ast.If(ast.Compare(ast.Name("__name__")) | ast.Name("TYPE_CHECKING"), _, []):
                continue
            case ast.Try(tried, [ast.ExceptHandler(ast.Name("ImportError"), None, other)], [], []):
                yield from _work(tried + other, own)
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(each, ast.Attribute | ast.Subscript) for each in targets):
                    yield node.lineno, "importing a module changes no other"
                yield from (
                    (node.lineno, f"importing a module does no work ({called})")
                    for called in _called(node.value, own) - MAKES_A_VALUE
                )
            case _:
                yield node.lineno, "importing a module does no work"


def _called(value: ast.AST | None, own: dict[str, ast.FunctionDef]) -> set[str]:
    """The last names of the functions that are called when a value is worked out."""
    if value is None or isinstance(value, ast.Lambda | ast.FunctionDef):
        return set()
    called = set().union(*(_called(child, own) for child in ast.iter_child_nodes(value)))
    match value:
        case ast.Call(ast.Name(name)) if name in own:
            rest = {each: function for each, function in own.items() if each != name}
            return called.union(*(_called(each, rest) for each in own[name].body)) - {name}
        case ast.Call(ast.Name(name) | ast.Attribute(_, name)):
            return called | {name}
    return called


def test_the_house_keeps_its_law():
    assert breaches(ROOT) == []


def test_the_method_runs_without_what_stands_on_it():
    """In a process of its own: what the imports say is so when they are run."""
    words = (
        "import sys, drag, drag.loop\n"
        "print(*(m for m in sys.modules if m.startswith(('drag.', 'gradio', 'hugging'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "drag.loop" in done.stdout
    assert {_wing(module) for module in done.stdout.split()} == {"drag"}
