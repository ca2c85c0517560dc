"""Sequential, ModuleList, ModuleDict and ParameterList are PyTorch's."""

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from twins import LIBRARIES, assert_same, named

import minigrad


def layers(t):
    return [t.nn.ReLU(), t.nn.Identity(), t.nn.Flatten()]


def seq(t):
    return t.nn.Sequential(*layers(t))


def with_call(t):
    class Tripled(t.nn.Identity):
        def __call__(self, x):
            return super().__call__(x) * 3

    return Tripled()


def named_seq(t):
    return t.nn.Sequential(OrderedDict(a=t.nn.ReLU(), b=t.nn.Identity()))


def lst(t):
    return t.nn.ModuleList(layers(t))


def dct(t):
    return t.nn.ModuleDict({"a": t.nn.ReLU(), "b": t.nn.Identity()})


def plist(t):
    return t.nn.ParameterList([t.nn.Parameter(t.ones(2)), t.zeros(1, 1)])


def on(make, action):
    """A program: make a container, do something to it, show the result and the container."""

    def program(t):
        container = make(t)
        result = action(container, t)
        return result, container

    return program


SEQUENTIAL = {
    "item": on(seq, lambda s, t: s[1]),
    "last": on(seq, lambda s, t: s[-1]),
    "slice": on(seq, lambda s, t: s[1:]),
    "slice-empty": on(seq, lambda s, t: s[3:]),
    "slice-backwards": on(seq, lambda s, t: s[::-2]),
    "slice-of-named": on(named_seq, lambda s, t: s[1:]),
    "out-of-range": on(seq, lambda s, t: s[9]),
    "out-of-range-below": on(seq, lambda s, t: s[-4]),
    "index-str": on(seq, lambda s, t: s["a"]),
    "index-float": on(seq, lambda s, t: s[1.5]),
    "index-bool": on(seq, lambda s, t: s[True]),
    "len": on(seq, lambda s, t: len(s)),
    "iter": on(seq, lambda s, t: list(s)),
    "empty": lambda t: [t.nn.Sequential(), t.nn.Sequential()(t.ones(1))],
    "of-int": lambda t: t.nn.Sequential(5),
    "of-class": lambda t: t.nn.Sequential(t.nn.ReLU),
    "of-list": lambda t: t.nn.Sequential(layers(t)),
    "of-dict": lambda t: t.nn.Sequential({"a": t.nn.ReLU()}),
    "of-none": lambda t: t.nn.Sequential(t.nn.ReLU(), None),
    "of-keyword": lambda t: t.nn.Sequential(a=t.nn.ReLU()),
    "of-dict-with-dot": lambda t: t.nn.Sequential(OrderedDict([("a.b", t.nn.ReLU())])),
    "of-dict-and-more": lambda t: t.nn.Sequential(t.nn.ReLU(), OrderedDict()),
    "append": on(seq, lambda s, t: s.append(t.nn.ReLU())),
    "append-int": on(seq, lambda s, t: s.append(5)),
    "append-to-named": on(named_seq, lambda s, t: s.append(t.nn.Flatten())),
    "append-shared": on(seq, lambda s, t: s.append(s[0])),
    "insert": on(seq, lambda s, t: s.insert(1, t.nn.ReLU())),
    "insert-end": on(seq, lambda s, t: s.insert(3, t.nn.ReLU())),
    "insert-negative": on(seq, lambda s, t: s.insert(-1, t.nn.ReLU())),
    "insert-out-of-range": on(seq, lambda s, t: s.insert(9, t.nn.ReLU())),
    "insert-out-of-range-below": on(seq, lambda s, t: s.insert(-4, t.nn.ReLU())),
    "extend": on(seq, lambda s, t: s.extend([t.nn.ReLU()])),
    "extend-int": on(seq, lambda s, t: s.extend(5)),
    "extend-by-int": on(seq, lambda s, t: s.extend([5])),
    "pop": on(seq, lambda s, t: s.pop(0)),
    "pop-last": on(seq, lambda s, t: s.pop(-1)),
    "pop-out-of-range": on(seq, lambda s, t: s.pop(9)),
    "pop-slice": on(seq, lambda s, t: s.pop(slice(1, 3))),
    "pop-str": on(seq, lambda s, t: s.pop("a")),
    "set": on(seq, lambda s, t: s.__setitem__(0, t.nn.LeakyReLU())),
    "set-last": on(seq, lambda s, t: s.__setitem__(-1, t.nn.LeakyReLU())),
    "set-out-of-range": on(seq, lambda s, t: s.__setitem__(9, t.nn.LeakyReLU())),
    "set-int": on(seq, lambda s, t: s.__setitem__(0, 5)),
    "set-none": on(seq, lambda s, t: s.__setitem__(0, None)),
    "set-slice": on(seq, lambda s, t: s.__setitem__(slice(0, 2), [t.nn.ReLU()])),
    "set-attribute": on(seq, lambda s, t: setattr(s, "1", t.nn.LeakyReLU())),
    "del": on(seq, lambda s, t: s.__delitem__(0)),
    "del-last": on(seq, lambda s, t: s.__delitem__(-1)),
    "del-slice": on(seq, lambda s, t: s.__delitem__(slice(0, 2))),
    "del-out-of-range": on(seq, lambda s, t: s.__delitem__(9)),
    "del-of-named": on(named_seq, lambda s, t: s.__delitem__(0)),
    "del-and-append": on(seq, lambda s, t: s.__delitem__(0) or s.append(t.nn.ReLU())),
    "add": on(seq, lambda s, t: s + s),
    "add-named": on(named_seq, lambda s, t: s + s),
    "add-module": on(seq, lambda s, t: s + t.nn.ReLU()),
    "iadd": on(seq, lambda s, t: s.__iadd__(seq(t))),
    "iadd-module": on(seq, lambda s, t: s.__iadd__(t.nn.ReLU())),
    "times": on(seq, lambda s, t: s * 2),
    "times-from-left": on(seq, lambda s, t: 2 * s),
    "times-zero": on(seq, lambda s, t: s * 0),
    "times-negative": on(seq, lambda s, t: s * -1),
    "times-str": on(seq, lambda s, t: s * "a"),
    "times-float": on(seq, lambda s, t: s * 1.5),
    "itimes": on(seq, lambda s, t: s.__imul__(2)),
    "itimes-zero": on(seq, lambda s, t: s.__imul__(0)),
    "add-foreign-name": on(
        seq, lambda s, t: s.add_module("x", t.nn.ReLU()) or s.append(t.nn.ReLU())
    ),
    "contains": on(seq, lambda s, t: [s[0] in s, t.nn.ReLU() in s]),
    "reversed": on(seq, lambda s, t: list(reversed(s))),
    "forward": lambda t: t.nn.Sequential(t.nn.Linear(2, 3), t.nn.ReLU())(t.ones(2)),
    "forward-without-input": on(seq, lambda s, t: s()),
    "forward-through-none": on(seq, lambda s, t: s.__setitem__(0, None) or s(t.ones(1))),
    "forward-through-a-late-none": on(seq, lambda s, t: s.__setitem__(2, None) or s(t.ones(1))),
    "forward-of-a-hooked": on(
        seq,
        lambda s, t: (
            s[1].register_forward_hook(lambda module, args, out: out * 3) is not None
            and s(t.ones(1, 2))
        ),
    ),
    "forward-of-an-instance": on(
        seq, lambda s, t: setattr(s[1], "forward", lambda x: x * 3) or s(t.ones(1, 2))
    ),
    "forward-of-a-call": lambda t: t.nn.Sequential(with_call(t), t.nn.ReLU())(t.ones(2)),
    "forward-with-two": on(seq, lambda s, t: s(1, 2)),
    "state": lambda t: t.nn.Sequential(
        t.nn.Linear(1, 1), t.nn.ReLU(), t.nn.Linear(1, 2)
    ).state_dict(),
    "nested": lambda t: t.nn.Sequential(seq(t), t.nn.Sequential(), seq(t)),
}

MODULE_LIST = {
    "item": on(lst, lambda m, t: m[1]),
    "last": on(lst, lambda m, t: m[-1]),
    "slice": on(lst, lambda m, t: m[1:]),
    "out-of-range": on(lst, lambda m, t: m[9]),
    "index-str": on(lst, lambda m, t: m["a"]),
    "empty": lambda t: [t.nn.ModuleList(), t.nn.ModuleList([]), t.nn.ModuleList(None)],
    "of-int": lambda t: t.nn.ModuleList(5),
    "of-module": lambda t: t.nn.ModuleList(t.nn.ReLU()),
    "of-ints": lambda t: t.nn.ModuleList([5]),
    "of-none": lambda t: t.nn.ModuleList([None]),
    "of-dict": lambda t: t.nn.ModuleList({"a": t.nn.ReLU()}),
    "of-generator": lambda t: t.nn.ModuleList(t.nn.ReLU() for _ in range(3)),
    "append": on(lst, lambda m, t: m.append(t.nn.ReLU())),
    "append-int": on(lst, lambda m, t: m.append(5)),
    "append-none": on(lst, lambda m, t: m.append(None)),
    "insert": on(lst, lambda m, t: m.insert(1, t.nn.ReLU())),
    "insert-shared": on(lst, lambda m, t: m.insert(1, m[0])),
    "extend": on(lst, lambda m, t: m.extend([t.nn.ReLU()])),
    "extend-int": on(lst, lambda m, t: m.extend(5)),
    "extend-by-int": on(lst, lambda m, t: m.extend([5])),
    "pop": on(lst, lambda m, t: m.pop(0)),
    "pop-slice": on(lst, lambda m, t: m.pop(slice(1, 3))),
    "pop-out-of-range": on(lst, lambda m, t: m.pop(9)),
    "add": on(lst, lambda m, t: m + m),
    "add-list": on(lst, lambda m, t: m + [t.nn.ReLU()]),  # noqa: RUF005
    "add-int": on(lst, lambda m, t: m + 5),
    "iadd": on(lst, lambda m, t: m.__iadd__([t.nn.ReLU()])),
    "times": on(lst, lambda m, t: m * 2),
    "set": on(lst, lambda m, t: m.__setitem__(0, t.nn.LeakyReLU())),
    "set-last": on(lst, lambda m, t: m.__setitem__(-1, t.nn.LeakyReLU())),
    "set-int": on(lst, lambda m, t: m.__setitem__(0, 5)),
    "set-out-of-range": on(lst, lambda m, t: m.__setitem__(9, t.nn.ReLU())),
    "del": on(lst, lambda m, t: m.__delitem__(0)),
    "del-slice": on(lst, lambda m, t: m.__delitem__(slice(0, 2))),
    "del-last": on(lst, lambda m, t: m.__delitem__(-1)),
    "call": on(lst, lambda m, t: m(1)),
    "iter": on(lst, lambda m, t: [len(m), list(m), list(reversed(m))]),
    "repeats": lambda t: t.nn.ModuleList(
        [t.nn.Linear(1, 1), t.nn.Linear(1, 1), t.nn.ReLU(), t.nn.Linear(1, 1)]
    ),
    "repeats-nested": lambda t: t.nn.ModuleList(
        t.nn.ModuleList([t.nn.Sequential(t.nn.Linear(1, 1))] * 2) for _ in range(3)
    ),
}

MODULE_DICT = {
    "empty": lambda t: [t.nn.ModuleDict(), t.nn.ModuleDict(None)],
    "of-pairs": lambda t: t.nn.ModuleDict([("a", t.nn.ReLU()), ["b", t.nn.ReLU()]]),
    "of-dict": lambda t: t.nn.ModuleDict(dct(t)),
    "of-int": lambda t: t.nn.ModuleDict(5),
    "of-str": lambda t: t.nn.ModuleDict("ab"),
    "of-ints": lambda t: t.nn.ModuleDict([5]),
    "of-triples": lambda t: t.nn.ModuleDict([("a", t.nn.ReLU(), 3)]),
    "int-value": lambda t: t.nn.ModuleDict({"a": 5}),
    "int-key": lambda t: t.nn.ModuleDict({5: t.nn.ReLU()}),
    "none-value": lambda t: t.nn.ModuleDict({"a": None}),
    "dot": lambda t: t.nn.ModuleDict({"a.b": t.nn.ReLU()}),
    "empty-key": lambda t: t.nn.ModuleDict({"": t.nn.ReLU()}),
    "taken": lambda t: t.nn.ModuleDict({"keys": t.nn.ReLU()}),
    "taken-field": lambda t: t.nn.ModuleDict({"training": t.nn.ReLU()}),
    "keyword": lambda t: t.nn.ModuleDict(a=t.nn.ReLU()),
    "item": on(dct, lambda d, t: d["a"]),
    "missing": on(dct, lambda d, t: d["z"]),
    "by-position": on(dct, lambda d, t: d[0]),
    "len": on(dct, lambda d, t: [len(d), list(d), "a" in d, 5 in d]),
    "views": on(dct, lambda d, t: [d.keys(), d.values(), d.items()]),
    "set": on(dct, lambda d, t: d.__setitem__("z", t.nn.LeakyReLU())),
    "set-again": on(dct, lambda d, t: d.__setitem__("a", t.nn.LeakyReLU())),
    "set-int": on(dct, lambda d, t: d.__setitem__("a", 5)),
    "del": on(dct, lambda d, t: d.__delitem__("a")),
    "del-missing": on(dct, lambda d, t: d.__delitem__("z")),
    "pop": on(dct, lambda d, t: d.pop("a")),
    "pop-missing": on(dct, lambda d, t: d.pop("z")),
    "pop-default": on(dct, lambda d, t: d.pop("z", None)),
    "clear": on(dct, lambda d, t: d.clear()),
    "update": on(dct, lambda d, t: d.update({"c": t.nn.ReLU(), "a": t.nn.LeakyReLU()})),
    "update-pairs": on(dct, lambda d, t: d.update([("c", t.nn.ReLU())])),
    "update-order": on(dct, lambda d, t: d.update({"zz": t.nn.ReLU(), "aa": t.nn.ReLU()})),
    "update-int": on(dct, lambda d, t: d.update(5)),
    "attribute": on(dct, lambda d, t: d.a),
    "no-get": on(dct, lambda d, t: d.get("a")),
    "call": on(dct, lambda d, t: d(1)),
    "state": lambda t: t.nn.ModuleDict({"fc": t.nn.Linear(1, 1)}).state_dict(),
}

PARAMETER_LIST = {
    "made": plist,
    "empty": lambda t: [t.nn.ParameterList(), t.nn.ParameterList([]), t.nn.ParameterList(None)],
    "of-int": lambda t: t.nn.ParameterList(5),
    "of-parameter": lambda t: t.nn.ParameterList(t.nn.Parameter(t.ones(1))),
    "of-anything": lambda t: t.nn.ParameterList([1, t.ones(1), "s", None, [1]]),
    "of-module": lambda t: t.nn.ParameterList([t.nn.ReLU()]),
    "of-integers": lambda t: t.nn.ParameterList([t.tensor([1])]),
    "of-results": lambda t: t.nn.ParameterList([t.ones(1, requires_grad=True) * 2])[0].is_leaf,
    "dtypes": lambda t: t.nn.ParameterList([t.ones(1, dtype=t.float64), t.tensor(1.0)]),
    "twice": lambda t: list(t.nn.ParameterList([t.nn.Parameter(t.ones(1))] * 2).named_parameters()),
    "item": on(plist, lambda p, t: [p[0], p[-1]]),
    "slice": on(plist, lambda p, t: p[0:1]),
    "out-of-range": on(plist, lambda p, t: p[9]),
    "out-of-range-below": on(plist, lambda p, t: p[-3]),
    "index-str": on(plist, lambda p, t: p["a"]),
    "iter": on(plist, lambda p, t: [len(p), list(p), list(reversed(p))]),
    "append": on(plist, lambda p, t: p.append(t.ones(1))),
    "append-int": on(plist, lambda p, t: p.append(5)),
    "extend": on(plist, lambda p, t: p.extend([t.ones(1)])),
    "extend-by-itself": on(plist, lambda p, t: p.extend(p)),
    "extend-int": on(plist, lambda p, t: p.extend(5)),
    "iadd": on(plist, lambda p, t: p.__iadd__(plist(t))),
    "add": on(plist, lambda p, t: p + p),
    "set": on(plist, lambda p, t: p.__setitem__(0, t.ones(3))),
    "set-last": on(plist, lambda p, t: p.__setitem__(-1, t.ones(3))),
    "set-int": on(plist, lambda p, t: p.__setitem__(0, 5)),
    "set-none": on(plist, lambda p, t: p.__setitem__(0, None)),
    "set-out-of-range": on(plist, lambda p, t: p.__setitem__(9, t.ones(3))),
    "call": on(plist, lambda p, t: p(1)),
    "names": on(plist, lambda p, t: list(p.named_parameters())),
    "state": on(plist, lambda p, t: p.state_dict()),
    "no-pop": on(plist, lambda p, t: p.pop()),
}


@pytest.mark.parametrize("program", named(SEQUENTIAL))
def test_sequential(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(MODULE_LIST))
def test_module_list(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(MODULE_DICT))
def test_module_dict(program):
    assert_same(program)


@pytest.mark.parametrize("program", named(PARAMETER_LIST))
def test_parameter_list(program):
    assert_same(program)


@pytest.mark.parametrize("t", LIBRARIES)
def test_slices_and_products_share_the_modules(t):
    net = seq(t)
    assert net[0:2][0] is net[0]
    assert (net * 2)[3] is net[0]
    assert lst(t)[:2].append(net[0])[2] is net[0]


@pytest.mark.parametrize("t", LIBRARIES)
def test_a_module_in_two_places_is_trained_once(t):
    layer = t.nn.Linear(1, 1)
    net = t.nn.Sequential(layer, t.nn.ReLU(), layer)
    assert len(list(net.parameters())) == 2
    assert len(net.state_dict()) == 4
    assert len(list(copy.deepcopy(net).parameters())) == 2


# Where PyTorch leaves a container half changed, or in a state that it cannot print, minigrad does
# what a list would do, or refuses and changes nothing.


@pytest.mark.parametrize("make", [seq, lst])
def test_extending_is_all_or_nothing(make):
    container = make(minigrad)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        container.extend([minigrad.nn.ReLU(), 5])
    assert len(container) == 3


@pytest.mark.parametrize("make", [seq, lst])
def test_extending_by_itself_doubles(make):
    container = make(minigrad)
    assert len(container.extend(container)) == 6


@pytest.mark.parametrize("make", [seq, lst])
def test_inserting_what_is_not_a_module_is_refused(make):
    container = make(minigrad)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        container.insert(0, 5)
    assert len(container) == 3


@pytest.mark.parametrize("index", [-9, -1, 0, 3, 9])
def test_module_list_inserts_as_a_list_does(index):
    modules, new = layers(minigrad), minigrad.nn.ReLU()
    container = minigrad.nn.ModuleList(modules)
    container.insert(index, new)
    modules.insert(index, new)
    assert all(a is b for a, b in zip(container, modules, strict=True))
    assert [name for name, _ in container.named_children()] == ["0", "1", "2", "3"]


def test_inserting_into_a_named_sequential_numbers_it():
    net = named_seq(minigrad).insert(0, minigrad.nn.Flatten())
    assert [name for name, _ in net.named_children()] == ["0", "1", "2"]


def test_containers_are_pickled():
    for make in (seq, named_seq, lst, dct, plist):
        container = make(minigrad)
        assert repr(pickle.loads(pickle.dumps(container))) == repr(container)


def test_a_container_can_be_changed_after_it_was_copied():
    net = copy.deepcopy(named_seq(minigrad))
    net.append(minigrad.nn.Linear(1, 1))
    x = minigrad.ones(1)
    assert np.array_equal(net(x).detach().numpy(), net[2](x).detach().numpy())
