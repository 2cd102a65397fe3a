"""Import a module when it is first used: a command that asks no model must not wait for what talks to one."""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType


def lazily(name: str) -> ModuleType:
    """
    Return the module *name*, which is executed at the first look at an attribute of it.

    As in https://docs.python.org/3/library/importlib.html#implementing-lazy-imports.

    Raises:
        ModuleNotFoundError: it is not installed.

    """
    if name in sys.modules:
        return sys.modules[name]
    spec = find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[name] = module
    package, _, own_name = name.rpartition(".")
    if package:
        setattr(sys.modules[package], own_name, module)  # as an import would
    spec.loader.exec_module(module)
    return module
