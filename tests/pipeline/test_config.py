"""The shipped configs are valid, and a bad one is refused in words that name the key."""

import copy
import subprocess
import sys
from dataclasses import MISSING, fields

import pytest
import yaml
from snakemake.utils import update_config

from graphprune.data.names import DATASETS
from graphprune.errors import UserError
from graphprune.pipeline.code import ROOT
from graphprune.pipeline.config import validate
from graphprune.pipeline.schema import SCHEMA
from graphprune.training.recipe import Recipe

OVERLAYS = sorted((ROOT / "experiments").glob("*.yaml"))


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


DEFAULT = load(ROOT / "config.yaml")


def merged(overlay):
    """config.yaml under an overlay, as Snakemake merges them."""
    config = copy.deepcopy(DEFAULT)
    update_config(config, overlay)
    return config


def in_one_setting(text):
    """config.yaml with its first setting alone, under an overlay given as text."""
    config = merged({"bogp": {"settings": DEFAULT["bogp"]["settings"][:1]}})
    update_config(config, yaml.safe_load(text))
    return config


def refused(text):
    """What the user is told about config.yaml under this overlay."""
    with pytest.raises(UserError) as raised:
        validate(in_one_setting(text))
    return str(raised.value)


def test_the_default_config_is_valid_and_called_default():
    validate(DEFAULT)
    assert DEFAULT["experiment"] == "default"


@pytest.mark.parametrize("path", OVERLAYS, ids=lambda path: path.stem)
def test_an_overlay_is_valid_and_named_after_its_file(path, tmp_path, monkeypatch):
    config = merged(load(path))
    monkeypatch.chdir(tmp_path)
    if folder := config["data"]["folder"]:  # of images, that a user puts there
        (tmp_path / folder).mkdir(parents=True)
    validate(config)
    assert config["experiment"] == path.stem


def test_overlays_merge_mappings_and_replace_lists():
    config = merged({"bogp": {"masks": {"sparsities": [0.5]}}})
    assert config["bogp"]["masks"] == {**DEFAULT["bogp"]["masks"], "sparsities": [0.5]}


def properties(schema, path=()):
    """(path, schema) of every key that a schema documents; `*` for a name of the user's own."""
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from properties(inner, (*path, name))
    for keyword in ("additionalProperties", "items"):
        inner = schema.get(keyword)
        if isinstance(inner, dict):
            yield from properties(inner, (*path, "*") if keyword != "items" else path)


KEYS = dict(properties(load(SCHEMA)))


LISTS = [  # of mappings
    ("bogp", "settings"),
    ("rgp", "networks"),
    ("edges", "networks"),
    ("edges", "compared"),
    ("rgp_speed", "networks"),
    ("curvature", "networks"),
]


def keys_of(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            here = (*path, "*" if path == ("recipes",) else name)
            yield here
            yield from keys_of(inner, here)


def test_every_key_of_the_schema_is_described():
    assert [path for path, schema in KEYS.items() if not schema.get("description")] == []


def test_every_key_of_the_default_config_is_in_the_schema_and_the_other_way_round():
    present = set(keys_of(DEFAULT)) - {("recipes", "*")}
    optional = {path for path, schema in KEYS.items() if "default" in schema}
    optional |= {path for path in KEYS if path[:2] in LISTS}
    assert present <= set(KEYS)
    assert set(KEYS) - present <= optional


def test_unknown_keys_are_refused_at_every_level():
    free = {
        ("bogp", "model"),
        ("bogp", "settings", "model"),
        ("rgp", "networks", "model"),
        ("edges", "networks", "model"),
        ("rgp_speed", "networks", "model"),
        ("curvature", "networks", "model"),
        ("recipes",),
    }  # options of a builder, names of the user's own
    blocks = {path for path, schema in KEYS.items() if "properties" in schema} - free
    closed = {path for path in blocks if KEYS[path].get("additionalProperties") is False}
    assert closed == blocks
    assert load(SCHEMA)["additionalProperties"] is False


def test_the_defaults_of_a_recipe_are_those_of_the_code():
    documented = {
        path[-1]: schema["default"]
        for path, schema in KEYS.items()
        if path[0] == "recipes" and "default" in schema
    }
    del documented["target_accuracy"]  # decides the epochs; no training is told
    optional = {f.name: f.default for f in fields(Recipe) if f.default is not MISSING}
    del optional["batch_size"]  # the config always says it
    assert documented == optional


def test_the_schema_names_every_data_set():
    described = KEYS["data", "name"]["description"].replace(" or ", ", ").rstrip(".")
    assert {name.strip() for name in described.split(",")} == set(DATASETS)


NET = "{name: x, model: {name: resnet56}, nodes: 16, degrees: [4], parts: [chain]}"
EDGES = "{name: x, model: {name: mlp, hidden: [12, 9]}, nodes: 9, parts: [compared]}"
CURVED = "{name: a, model: {name: lenet_like}, training: plain, parts: []}"
RESNET = "{name: a, model: {name: cifar_resnet, depth: 8}}"
BAD = [
    # keys
    ("experimnt: x", "unknown config key experimnt (did you mean 'experiment'?); known here: bogp"),
    ("data: {nmae: mnist}", "unknown config key data.nmae (did you mean 'name'?)"),
    ("bogp: {masks: {cuont: 5}}", "unknown config key bogp.masks.cuont (did you mean 'count'?)"),
    ("recipes: {full_batch: {epoch: 5}}", "recipes.full_batch.epoch (did you mean 'epochs'?)"),
    ("recipes: {mine: {optimiser: sgd}}", "config key recipes.mine.learning_rate is missing"),
    ("on: 5", "config key True is no text"),
    ("bogp: {no: 5}", "config key bogp.False is no text"),
    ("recipes: {1: {epochs: 5}}", "config key recipes.1 is no text"),
    # kinds
    ("data: {name: yes}", "config key data.name is True, expected a text (YAML reads an unquoted"),
    ("experiment: 2026", "config key experiment is 2026, expected a text"),
    ("experiment: 2026-11-20", "config key experiment is datetime.date"),
    ("bogp: null", "config key bogp is empty, expected keys with values. It means: BoGP"),
    ("bogp: {masks: }", "config key bogp.masks is empty, expected keys with values"),
    ("bogp: {masks: {sparsities: }}", "config key bogp.masks.sparsities is empty, expected a list"),
    ("recipes: null", "config key recipes is empty, expected keys with values"),
    ("recipes: {full_batch: }", "config key recipes.full_batch is empty"),
    ("data: null", "config key data is empty"),
    ("compute: null", "config key compute is empty"),
    ("studies: null", "config key studies is empty, expected a list"),
    ("studies: bogp", "config key studies is 'bogp', expected a list"),
    ("experiment: null", "config key experiment is empty, expected a text"),
    ("data: {archives: null}", "config key data.archives is empty, expected a text"),
    ("bogp: [masks]", "config key bogp is ['masks'], expected keys with values"),
    ("bogp: {nodes: many}", "config key bogp.nodes is 'many', expected a whole number. It means:"),
    ("bogp: {nodes: 32.0}", "config key bogp.nodes is 32.0, expected a whole number"),
    ("bogp: {nodes: true}", "config key bogp.nodes is True, expected a whole number"),
    ("compute: {threads: '1'}", "config key compute.threads is '1', expected a whole number (in"),
    (
        "compute: {deterministic: 1}",
        "config key compute.deterministic is 1, expected true or false",
    ),
    ("bogp: {search: {kappa: .inf}}", "config key bogp.search.kappa is inf, expected a finite"),
    (
        "bogp: {masks: {sparsities: [.nan]}}",
        "bogp.masks.sparsities, entry 1 is nan, expected a fin",
    ),
    ("bogp: {masks: {sparsities: [0.5, '0.6']}}", "entry 2 is '0.6', expected a finite number"),
    ("recipes: {full_batch: {learning_rate: [3e-4]}}", "is a text to YAML; write 0.0003)"),
    ("recipes: {full_batch: {learning_rate: 0.1}}", "learning_rate is 0.1, expected a list"),
    # values
    ("recipes: {full_batch: {epochs: 0}}", "config key recipes.full_batch.epochs: 0 is less than"),
    ("recipes: {full_batch: {epochs: 5.0}}", "recipes.full_batch.epochs is 5.0, expected a whole"),
    ("recipes: {full_batch: {batch_size: 0}}", "config key recipes.full_batch.batch_size: 0"),
    ("recipes: {full_batch: {learning_rate: []}}", "recipes.full_batch.learning_rate: []"),
    ("recipes: {full_batch: {learning_rate: [-0.1]}}", "recipes.full_batch.learning_rate, entry 1"),
    ("recipes: {full_batch: {optimiser: Adam}}", "is 'Adam' (did you mean 'adam'?), expected one"),
    ("recipes: {full_batch: {momentum: 0.9}}", "recipes.full_batch.momentum is 0.9, but momentum"),
    ("recipes: {full_batch: {nesterov: true}}", "recipes.full_batch.nesterov is true, but there"),
    ("recipes: {rgp: {schedule: step}}", "recipes.rgp.step_epochs is missing; the schedule step"),
    ("recipes: {rgp: {step_epochs: 3}}", "recipes.rgp.step_epochs belongs to the schedule step,"),
    ("recipes: {rgp: {schedule: step, step_epochs: 0}}", "recipes.rgp.step_epochs: 0 is less than"),
    ("recipes: {rgp: {label_smoothing: 1}}", "recipes.rgp.label_smoothing: 1 is greater than"),
    ("compute: {compile: 1}", "config key compute.compile is 1, expected true or false"),
    ("compute: {sparse_input: auto}", "compute.sparse_input is 'auto', expected true or false"),
    ("compute: {device_data_gb: -1}", "config key compute.device_data_gb: -1 is less than"),
    ("compute: {device_data_gb: all}", "compute.device_data_gb is 'all', expected a finite number"),
    ("bogp: {masks: {sparsities: [1.0]}}", "bogp.masks.sparsities, entry 1: 1.0 is greater than"),
    ("bogp: {masks: {sparsities: [-0.1]}}", "bogp.masks.sparsities, entry 1: -0.1 is less than"),
    (
        "bogp: {masks: {sparsities: [0.5, 0.50]}}",
        "bogp.masks.sparsities: [0.5, 0.5] has non-unique",
    ),
    ("bogp: {masks: {sparsities: [0.1234567]}}", "at most six digits: 0.123457"),
    ("bogp: {masks: {count: 1}}", "config key bogp.masks.count: 1 is less than"),
    (
        "bogp: {search: {kappa: -1}}",
        "config key bogp.search.kappa: -1 is less than the minimum of 0",
    ),
    ("bogp: {search: {starts: 0}}", "config key bogp.search.starts: 0 is less than"),
    ("bogp: {search: {seeds: []}}", "config key bogp.search.seeds: []"),
    ("bogp: {search: {seeds: [-1]}}", "config key bogp.search.seeds, entry 1: -1"),
    ("bogp: {scope: frist}", "config key bogp.scope is 'frist' (did you mean 'first'?), expected"),
    ("bogp: {final_seeds: [100, 101]}", "config key bogp.final_seeds: [100, 101] is too short"),
    (
        "bogp: {final_seeds: [100, 100, 101]}",
        "config key bogp.final_seeds: [100, 100, 101] has non",
    ),
    ("data: {validation: 1}", "config key data.validation: 1 is greater than"),
    ("studies: []", "config key studies: [] should be non-empty"),
    (
        "studies: [bgop]",
        "config key studies, entry 1 is 'bgop' (did you mean 'bogp'?), expected one",
    ),
    ("experiment: shared", "config key experiment cannot be 'shared'. It means: Name of the exp"),
    ("experiment: a/b", "config key experiment cannot be 'a/b'"),
    ("experiment: ''", "config key experiment cannot be ''"),
    ('experiment: "a\\n"', "config key experiment cannot be 'a\\n'"),
    ("protocol: both", "config key protocol is 'both', expected one of: held_out, paper"),
    # names
    (
        "data: {name: mnits}",
        "config key data.name: unknown data set 'mnits' (did you mean 'mnist'?)",
    ),
    ("bogp: {recipe: fullbatch}", "bogp.recipe: unknown recipe 'fullbatch' (did you mean 'full_b"),
    ("bogp: {model: {name: mpl}}", "bogp.model.name: unknown model 'mpl' (did you mean 'mlp'?)"),
    ("bogp: {masks: {source: radnom}}", "bogp.masks.source: unknown mask source 'radnom' (did"),
    (
        "bogp: {correlation: {properties: [aspl, average_cluster]}}",
        "bogp.correlation.properties: unknown property 'average_cluster' (did you mean 'average_cl",
    ),
    (
        "bogp: {search: {strategies: [bayes]}}",
        "bogp.search.strategies: unknown search strategy 'bayes' (did you mean 'bayesian'?)",
    ),
    (
        "bogp: {baselines: {printed: [glob1]}}",
        "bogp.baselines.printed: unknown pruning method 'glob1' (did you mean 'glob_1'?)",
    ),
    (
        "bogp: {baselines: {equal: [magnitude]}}",
        "bogp.baselines.equal: unknown pruning method 'magnitude'",
    ),
    # what does not fit together
    ("bogp: {baselines: {printed: [block_mask]}}", "contains 'block_mask', which follows a mask"),
    ("bogp: {baselines: {printed: [random_unstructured]}}", "it belongs in bogp.baselines.equal"),
    ("bogp: {baselines: {equal: [dense]}}", "bogp.baselines.equal contains 'dense', which prunes"),
    ("bogp: {nodes: 33}", "config key bogp.nodes is 33, but hidden layer 1"),
    ("bogp: {nodes: 65, model: {hidden: [128]}}", "config key bogp.nodes is 65, but the input"),
    ("bogp: {nodes: 17, scope: all_but_last, model: {hidden: [32, 16]}}", "but hidden layer 2"),
    (
        "bogp: {nodes: 2, masks: {sparsities: [0.5], count: 1000}}",
        "asks for 1000 different masks, but only 6 exist with 2 nodes at sparsity 0.5",
    ),
    ("bogp: {masks: {sparsities: [0]}}", "but only 1 exist with 32 nodes at sparsity 0"),
    (
        "bogp: {final_seeds: [0, 101, 102]}",
        "config key bogp.final_seeds contains [0], already used",
    ),
    ("bogp: {final_seeds: [50, 51, 102]}", "config key bogp.final_seeds contains [50, 51]"),
    ("bogp: {scope: inner}", "config key bogp.scope is 'inner', but an mlp with one hidden layer"),
    (
        "data: {name: mnist, folder: images}",
        "config keys data.folder and data.image_size belong to",
    ),
    (
        "data: {name: mnist, image_size: 32}",
        "config keys data.folder and data.image_size belong to",
    ),
    ("data: {name: image_folder}", "config key data.folder is missing: image_folder needs"),
    ("data: {name: imagenet}", "config key data.folder is missing: imagenet needs"),
    ("data: {name: image_folder, folder: no/such}", "data.folder is no/such, but there is no such"),
    ("bogp: {identifiability: {masks: 1001}}", "config key bogp.identifiability.masks is 1001"),
    ("bogp: {identifiability: {sources: [wsflex]}}", "unknown mask source 'wsflex' (did you mean"),
    ("bogp: {identifiability: {properties: [x]}}", "config key bogp.identifiability.properties"),
    ("bogp: {five_nodes: {seeds: [50, 1, 2]}}", "bogp.five_nodes.seeds contains [50]"),
    ("rgp_theory: {degree: 64}", "config key rgp_theory.degree: a k-regular graph needs 0 ≤ k < n"),
    ("rgp_theory: {nodes: 15, degree: 3}", "rgp_theory.degree: a k-regular graph needs n · k even"),
    ("rgp_theory: {trees: {degree: 32}}", "config key rgp_theory.trees.degree: a k-regular graph"),
    ("rgp_theory: {search: {degrees: [4, 70]}}", "config key rgp_theory.search.degrees: a k-reg"),
    ("rgp_theory: {search: {traces: [4, 50]}}", "rgp_theory.search.traces contains [50], which"),
    ("rgp_theory: {search: {seeds: [0, 1]}}", "config key rgp_theory.search.seeds"),
    (
        "rgp_theory: {search: {released_code: {window: [0.2, 0.1]}}}",
        "rgp_theory.search.released_code.window is [0.2, 0.1]; the first gain",
    ),
    (
        "rgp_theory: {spread: {bands: {low: [2.8, 3, 9]}}}",
        "rgp_theory.spread.bands.low contains [2.8, 9], but with 64 nodes of degree 4 ASPL goes "
        "from 2.857 (lower bound) to 8.381 (ring lattice)",
    ),
    ("rgp: {recipe: rpg}", "config key rgp.recipe: unknown recipe 'rpg' (did you mean 'rgp'?)"),
    ("rgp: {arms: [ring]}", "config key rgp.arms lacks 'rgp', which every other arm is compared"),
    ("rgp: {seeds: [50, 101, 102]}", "config key rgp.seeds contains [50], already used in rgp.tun"),
    ("rgp: {chain: {seeds: [51, 1, 2]}}", "config key rgp.chain.seeds contains [51], already used"),
    (f"rgp: {{networks: [{NET}, {NET}]}}", "rgp.networks has more than one entry with the name"),
    (
        f"rgp: {{networks: [{NET.replace('16', '17')}]}}",
        "is 17, but the narrowest layer is only 16",
    ),
    (f"rgp: {{networks: [{NET.replace('[4]', '[16]')}]}}", "rgp.networks.degrees: a k-regular gra"),
    (
        f"rgp: {{networks: [{NET.replace('resnet56', 'resnet57')}]}}",
        "unknown model 'resnet57' (did",
    ),
    (f"rgp: {{networks: [{NET.replace('}, n', ', wdth: 2}, n')}]}}", "unknown option 'wdth' (did"),
    (
        "edges: {recipe: edge}",
        "config key edges.recipe: unknown recipe 'edge' (did you mean 'edges'",
    ),
    (
        "edges: {norms: [men]}",
        "config key edges.norms: unknown edge norm 'men' (did you mean 'mean'",
    ),
    ("edges: {seeds: [50, 1, 2]}", "config key edges.seeds contains [50], by which something was"),
    ("edges: {seeds: [1, 2]}", "config key edges.seeds: [1, 2] is too short"),
    (
        "edges: {search: {final_seeds: [0, 500, 7]}}",
        "config key edges.search.final_seeds contains [0, 500], by which something was chosen",
    ),
    (
        "edges: {search: {p: {low: 0.5, high: 0.5}}}",
        "config key edges.search.p: low is 0.5 and high 0.5",
    ),
    ("edges: {grid: {p: [0.1, 1.5]}}", "edges.grid.p, entry 2: 1.5 is greater than the maximum"),
    ("edges: {grid: {k: [2.5]}}", "config key edges.grid.k, entry 1 is 2.5, expected a whole"),
    (f"edges: {{networks: [{EDGES}, {EDGES}]}}", "edges.networks has more than one entry with"),
    (
        f"edges: {{networks: [{EDGES.replace('nodes: 9', 'nodes: 10')}]}}",
        "edges.networks.nodes is 10, but hidden layer 2 is only 9 wide",
    ),
    (
        f"edges: {{networks: [{EDGES.replace('[12, 9]', '[12]')}]}}",
        "edges.networks.model.hidden needs two hidden layers at least",
    ),
    (
        f"edges: {{networks: [{EDGES.replace('compared', 'search')}]}}",
        "part 'search' is compared with the optimum of part 'grid'; add that part",
    ),
    (
        f"edges: {{networks: [{EDGES.replace('hidden', 'hiden')}]}}",
        "unknown option 'hiden' (did you mean 'hidden'",
    ),
    (f"rgp_speed: {{networks: [{RESNET}, {RESNET}]}}", "more than one entry with the name ['a']"),
    (f"rgp_speed: {{networks: [{RESNET}], nodes: 32}}", "rgp_speed.nodes is 32, but"),
    ("rgp_speed: {degrees: [70]}", "config key rgp_speed.degrees: "),
    ("rgp_speed: {networks: [{name: a, model: {name: vgg61}}]}", "unknown model 'vgg61' (did you"),
    ("rgp_speed: {networks: [{name: a, model: {name: vgg16, dep: 8}}]}", "unknown option 'dep'"),
    ("ws_flex: {recipe: wsflex}", "config key ws_flex.recipe: unknown recipe 'wsflex' (did you"),
    ("ws_flex: {nodes: 65}", "config key ws_flex.nodes is 65, but hidden layer 1 is only 64 wide"),
    ("ws_flex: {model: {hidden: [64, 64, 32, 64]}, nodes: 32}", "are widened together and must be"),
    ("ws_flex: {model: {hidden: [64]}}", "config key ws_flex.model.hidden: [64] is too short"),
    ("ws_flex: {model: {name: vgg16}}", "config key ws_flex.model.name is 'vgg16', expected one"),
    ("ws_flex: {seeds: [1, 2]}", "config key ws_flex.seeds: [1, 2] is too short"),
    ("ws_flex: {jobs: 6}", "config key ws_flex.jobs is 6, but there are only 5 seeds to deal"),
    ("ws_flex: {sweep: {degree: {low: 31}}}", "config key ws_flex.sweep.degree.low is 31, but the"),
    ("ws_flex: {sweep: {p: {low: 0.5, high: 0.4}}}", "config key ws_flex.sweep.p: low is 0.5 and"),
    ("weight_unit: {recipe: weightunit}", "weight_unit.recipe: unknown recipe 'weightunit' (did"),
    ("weight_unit: {sparsities: [0.5, 1]}", "weight_unit.sparsities is [0.5, 1] and lacks 0, the"),
    ("weight_unit: {sparsities: [0, 1.1]}", "weight_unit.sparsities, entry 2: 1.1 is greater than"),
    ("weight_unit: {retrain: {sparsities: [0.5]}}", "weight_unit.retrain.sparsities is [0.5] and"),
    ("weight_unit: {retrain: {epochs: 0}}", "config key weight_unit.retrain.epochs: 0 is less"),
    ("weight_unit: {model: {name: vgg16}}", "weight_unit.model.name is 'vgg16', expected one"),
    ("weight_unit: {model: {hidden: []}}", "config key weight_unit.model.hidden: [] should be"),
    ("weight_unit: {seeds: [1, 2]}", "config key weight_unit.seeds: [1, 2] is too short"),
    ("weight_unit: {shuffles: 0}", "config key weight_unit.shuffles: 0 is less than"),
    ("weight_unit: {latency: {batches: [0]}}", "weight_unit.latency.batches, entry 1: 0 is less"),
    ("weight_unit: {latency: {repeats: 2}}", "config key weight_unit.latency.repeats: 2 is less"),
    (
        f"curvature: {{networks: [{CURVED}, {CURVED}]}}",
        "curvature.networks has more than one",
    ),
    ("curvature: {recipe: curvatur}", "curvature.recipe: unknown recipe 'curvatur' (did you mean"),
    (
        "recipes: {curvature: {weight_decay: 0.1}}",
        "recipes.curvature.weight_decay is 0.1, but",
    ),
    ("curvature: {cuts: [0.5]}", "config key curvature.cuts: [0.5] is too short"),
    (
        "curvature: {retrain: {sparsities: [0.5, 0.9]}}",
        "retrain.sparsities is [0.5, 0.9] and la",
    ),
    ("curvature: {seeds: [1, 2, 3, 4]}", "config key curvature.seeds: [1, 2, 3, 4] is too short"),
    ("curvature: {method: exct}", "curvature.method is 'exct' (did you mean 'exact'?)"),
    ("curvature: {attack: {steps: 0}}", "config key curvature.attack.steps: 0 is less than"),
    (
        "curvature: {images: {size: 15}}",
        "15 pixels wide, but lenet_like needs at least 16",
    ),
    (
        f"curvature: {{networks: [{CURVED.replace('lenet_like', 'resnet18')}]}}",
        "model.name is 'resnet18', expected one of",
    ),
    (
        f"curvature: {{networks: [{CURVED.replace('}, t', ', widht: 2}, t')}]}}",
        "unknown option 'widht' (did you mean 'width'",
    ),
    (
        f"curvature: {{networks: [{CURVED.replace('}, t', ', activation: selu}, t')}]}}",
        "activation is 'selu'; expected relu or tanh (network 'a' of curvature.networks)",
    ),
    (
        f"curvature: {{networks: [{CURVED.replace('lenet_like', 'mlp')}]}}",
        "curvature.networks.model.hidden is missing: the widths",
    ),
    ("studies: [curvature]\nprotocol: paper", "curvature takes its examples from the latter"),
    ("bogp: {five_nodes: {hidden: [4, 4]}}", "config key bogp.five_nodes.hidden, entry"),
    (
        "bogp: {settings: [{name: a, parts: [comparison]}, {name: a, parts: [comparison]}]}",
        "config key bogp.settings has more than one entry with the name ['a']",
    ),
    (
        "bogp: {settings: [{name: tiny, nodes: 33, parts: [comparison]}]}",
        "config key bogp.nodes is 33, but hidden layer 1 of the masked layers is only 32 wide; a "
        "node needs at least one unit, so use nodes ≤ 32 or a wider layer (setting 'tiny' of bogp",
    ),
    (
        "bogp: {settings: [{name: a, parts: [regret]}]}",
        "part 'regret' judges the searches of part 'comparison'",
    ),
    (
        "bogp: {settings: [{name: a, parts: [compare]}]}",
        "bogp.settings, entry 1, parts, entry 1 is 'compare' (did you mean 'comparison'?)",
    ),
    (
        "bogp: {settings: [{name: tables, parts: [comparison]}]}",
        "bogp.settings, entry 1, name cannot be 'tables'",
    ),
    ("bogp: {ablation: {sparsity: 0.8}}", "config key bogp.ablation.sparsity is 0.8, but the data"),
    (
        "bogp: {tradeoff: {wide: {low: 0.9, high: 0.8}}}",
        "config key bogp.tradeoff.wide: low is 0.9 and high 0.8",
    ),
    ("bogp: {ablation: {seeds: [0, 1, 100]}}", "config key bogp.final_seeds contains [100]"),
    ("bogp: {model: {hiden: [9]}}", "config key bogp.model: unknown option 'hiden' (did you mean"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[text for text, _ in BAD])
def test_a_bad_config_is_refused_in_words(text, words):
    assert words in refused(text)


BLOCKS = [
    "experiment",
    "studies",
    "data",
    "recipes",
    "bogp",
    "rgp_theory",
    "rgp",
    "rgp_speed",
    "ws_flex",
    "edges",
    "weight_unit",
    "curvature",
]


@pytest.mark.parametrize("key", BLOCKS)
def test_a_missing_block_is_named(key):
    config = {name: value for name, value in DEFAULT.items() if name != key}
    with pytest.raises(UserError, match=f"config key {key} is missing"):
        validate(config)


def test_a_missing_width_is_named():
    config = copy.deepcopy(DEFAULT)
    config["bogp"]["model"] = {"name": "mlp"}
    with pytest.raises(UserError, match=r"config key bogp\.model\.hidden is missing"):
        validate(config)


ONE = "settings: [{name: x, parts: [identifiability, comparison]}]"
GOOD = [
    f"bogp: {{{ONE}, nodes: 2, masks: {{sparsities: [0.5], count: 6}},"
    " identifiability: {sources: [random], sparsity: 0.5, masks: 6}}",
    "bogp: {nodes: 64, model: {hidden: [64]}}",
    "bogp: {nodes: 32, model: {hidden: [32, 16]}}",  # only the first matrix is masked
    "bogp: {scope: inner, nodes: 100, model: {hidden: [100, 100]}}",  # the input may be narrower
    "data: {name: image_folder, folder: .}",  # its shape is not known yet
    "data: {name: imagenet, folder: ., image_size: 64}",
    "bogp: {baselines: {printed: [], equal: []}}",
    "bogp: {search: {steps: 0, kappa: 0}}",
    "recipes: {a: {optimiser: sgd, learning_rate: [1], epochs: 1, batch_size: 8, momentum: 0.9}}",
    "recipes: {rgp: {schedule: step, step_epochs: 30, label_smoothing: 0.1, nesterov: true}}",
    "compute: {compile: true, device_data_gb: 0}",
    "compute: {precision: fp32, sparse_input: false}",
    "compute: {device_data_gb: 12.5}",
    "studies: [bogp]",
    "studies: [rgp_theory]",
    "studies: [ws_flex]",
    "studies: [rgp]",
    "studies: [rgp_speed]",
    f"rgp_speed: {{networks: [{RESNET}], nodes: 16, degrees: [3]}}",
    "studies: [edges]",
    "studies: [weight_unit]",
    "studies: [curvature]",
    f"curvature: {{networks: [{CURVED}], images: {{size: 16}}}}",
    "curvature: {per_class: [7], method: bounds}",
    "weight_unit: {retrain: {sparsities: []}}",
    f"edges: {{networks: [{EDGES}], norms: [rms]}}",
    f"rgp: {{arms: [rgp], networks: [{NET}]}}",
    "ws_flex: {nodes: 64, jobs: 5, sweep: {degree: {low: 62, steps: 1}, p: {low: 0, high: 0}}}",
    "rgp_theory: {nodes: 16, degree: 3, spread: {bands: {low: [2.2]}}}",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_config_at_the_edge_of_what_works_is_accepted(text):
    validate(in_one_setting(text))


def test_validating_imports_nothing_heavy():
    # It happens at every call of Snakemake, in every job: seconds of imports would add up.
    heavy = ("torch", "torchvision", "numba", "igraph", "skopt")
    program = (
        "import sys, yaml\nfrom graphprune.pipeline.config import validate\n"
        "validate(yaml.safe_load(open(sys.argv[1])))\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(ROOT / "config.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
