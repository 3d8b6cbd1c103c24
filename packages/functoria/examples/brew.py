"""brew: a tool built on functoria, whole. It turns `coffee.py` into a recipe.

Run it as `python brew.py configure`, `describe`, `query recipe`, `clean`, `--help`.
"""

from functoria import BOOLEAN, INTEGER, JOB, Device, Impl, Key, Type, choice, match_impl, register
from functoria.action import Action, WriteFile
from functoria.cli import main
from functoria.project import Project
from functoria.tool import Query, Tool

__all__ = ["BEANS", "JOB", "WATER", "beans", "coffee", "register", "water"]

WATER, BEANS = Type("water"), Type("beans")

METHOD = Key(
    name="method", converter=choice("filter", "espresso"), default="filter", doc="how to brew"
)
CUPS = Key(name="cups", converter=INTEGER, default=2, doc="how many cups")
CREMA = Key(name="crema", converter=BOOLEAN, flag=True, doc="whether there must be foam")


def water() -> Impl:
    """`water()` is fresh water, a cup for each that drinks."""
    return Device(
        name="water", type=WATER, constructor="kitchen:water", keywords={"cups": CUPS}, doc="boil"
    )


def beans() -> Impl:
    """`beans()` is coffee beans, ground as the method wants them."""
    return Device(name="beans", type=BEANS, constructor="kitchen:beans", doc="grind")


def coffee() -> Impl:
    """`coffee()` makes coffee of water and beans, by the method that is chosen."""
    poured = Device(
        name="filter", type=WATER >> BEANS >> JOB, constructor="kitchen:filter", doc="pour over"
    )
    pressed = Device(
        name="espresso",
        type=WATER >> BEANS >> JOB,
        constructor="kitchen:espresso",
        keywords={"crema": CREMA},
        doc="press",
    )
    return match_impl(METHOD, {"espresso": pressed}, default=poured)


def recipe(project: Project) -> str:
    """`recipe(project)` is the steps, in the order in which things are needed."""
    steps = [f"{number}. {n.device.doc}" for number, n in enumerate(project.graph.nodes, 1)]
    title = f"{project.program.name}, {project.context.get(CUPS)} cups"
    return "\n".join((title, *steps)) + "\n"


def plan(project: Project) -> tuple[Action, ...]:
    """`plan(project)` is the one file that brew writes."""
    text = f"# {project.tool.head('A recipe')}\n{recipe(project)}"
    return (WriteFile(project.generated / "recipe.txt", text.encode(), project.tool.mark),)


TOOL = Tool(
    name="brew",
    version="1.2",
    doc="Turn a description of coffee into a recipe.",
    config="coffee.py",
    generated="_brew",
    keys=(CUPS,),
    plan=plan,
    queries={"recipe": Query("the steps, as `configure` writes them", recipe)},
    next_step="read `_brew/recipe.txt`",
)

if __name__ == "__main__":
    from brew import TOOL as IMPORTED  # the one whose keys the configuration imports

    main(IMPORTED)
