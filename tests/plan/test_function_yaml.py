from __future__ import annotations

import pytest

from edgeroutes.plan.function_yaml import FUNCTION_PROPERTIES
from tests.plan.projects import functions, problems


def test_the_nearest_file_wins_key_by_key_while_policies_and_variables_are_united() -> None:
    found = functions(
        {
            "function.yaml": "MemorySize: 128\nPolicies: AWSXrayReadOnly\nEnvironment: {Variables: {A1: 1, B1: 1}}\n"
            "Layers: [one]\ninclude: templates\n",
            "api/function.yaml": "MemorySize: 512\nPolicies: [{S3ReadPolicy: {BucketName: b}}, AWSXrayReadOnly]\n"
            "Environment: {Variables: {B1: 2, C1: !Ref D}}\nLayers: [two]\ninclude: [data]\nexclude: [pandas]\n",
            "api/route.py": "",
            "other/route.py": "",
        }
    )
    api, other = found["ApiFunction"], found["OtherFunction"]
    assert api.properties == {
        "Environment": {"Variables": {"A1": 1, "B1": 2, "C1": {"Ref": "D"}}},
        "Layers": ["two"],
        "MemorySize": 512,
        "Policies": ["AWSXrayReadOnly", {"S3ReadPolicy": {"BucketName": "b"}}],
        "Timeout": 30,
    }
    assert (api.include, api.exclude) == (("templates", "data"), ("pandas",))
    assert other.properties == {
        "Environment": {"Variables": {"A1": 1, "B1": 1}},
        "Layers": ["one"],
        "MemorySize": 128,
        "Policies": "AWSXrayReadOnly",
        "Timeout": 30,
    }
    assert (other.include, other.exclude) == (("templates",), ())


def test_a_key_without_a_value_takes_back_what_stands_further_out() -> None:
    found = functions({"function.yaml": "MemorySize: 128\n", "a/function.yaml": "MemorySize:\n", "a/route.py": ""})
    assert found["AFunction"].properties == {"Timeout": 30}


def test_include_and_exclude_take_back_what_the_other_lists_further_out() -> None:
    found = functions(
        {
            "function.yaml": "include: [data, lxml]\nexclude: [pandas, numpy]\n",
            "a/function.yaml": "include: [pandas]\nexclude: [lxml]\n",
            "a/route.py": "",
            "b/route.py": "",
        }
    )
    assert (found["AFunction"].include, found["AFunction"].exclude) == (("data", "pandas"), ("numpy", "lxml"))
    assert (found["BFunction"].include, found["BFunction"].exclude) == (("data", "lxml"), ("pandas", "numpy"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MemorySice: 1\n", ("functions/function.yaml:1: 'MemorySice' is not a property of AWS::Serverless::Function, nor "
         "'include', 'exclude', 'cors', 'isolate', 'throttle_rate' or 'throttle_burst'. Did you mean 'MemorySize'?")),
        ("\nmemory_size: 1\n", ("functions/function.yaml:2: 'memory_size' is not a property of AWS::Serverless::Function, "
         "nor 'include', 'exclude', 'cors', 'isolate', 'throttle_rate' or 'throttle_burst'. Did you mean 'MemorySize'?")),
        ("includes: [a]\n", ("functions/function.yaml:1: 'includes' is not a property of AWS::Serverless::Function, nor "
         "'include', 'exclude', 'cors', 'isolate', 'throttle_rate' or 'throttle_burst'. Did you mean 'include'?")),
        ("Xyz: 1\n", ("functions/function.yaml:1: 'Xyz' is not a property of AWS::Serverless::Function, nor 'include', "
         "'exclude', 'cors', 'isolate', 'throttle_rate' or 'throttle_burst'. Take it out.")),
        ("Runtime: python3.9\n", ("functions/function.yaml:1: 'Runtime' is edgeroutes' own to set. Set 'runtime' in "
         "[tool.edgeroutes].")),
        ("Handler: a.b\n", "functions/function.yaml:1: 'Handler' is edgeroutes' own to set. Leave it out."),
        ("Environment: {A: 1}\n", ("functions/function.yaml:1: Environment has keys other than 'Variables'. Write "
         "'Environment:', below it 'Variables:', and below that 'NAME: value' lines.")),
        ("Policies: [1]\n", ("functions/function.yaml:1: Policies are not names, ARNs, policy templates or policy "
         "documents. Write a list of them.")),
        ("Environment: {Variables: {BAD-NAME: y}}\n", ("functions/function.yaml:1: Lambda does not accept the variable name 'BAD-NAME'. "
         "Allowed are a letter, then at least one letter, digit or _. Use another name.")),
        ("Environment: {Variables: {1ABC: y}}\n", ("functions/function.yaml:1: Lambda does not accept the variable name '1ABC'. "
         "Allowed are a letter, then at least one letter, digit or _. Use another name.")),
        ("throttle_rate: 0\n", ("functions/function.yaml:1: throttle_rate is 0. Allowed are whole numbers from 1 to "
         "1,000,000.")),
        ("throttle_burst: !Ref B\n", ("functions/function.yaml:1: throttle_burst is {'Ref': 'B'}. Allowed are whole numbers "
         "from 1 to 1,000,000.")),
        ("throttle_burst: true\n", ("functions/function.yaml:1: throttle_burst is True. Allowed are whole numbers from 1 to "
         "1,000,000.")),
        ("Environment:\n  Variables:\n    EDGEROUTES_ORIGIN_SECRET: ''\n", ("functions/function.yaml:3: the variable "
         "'EDGEROUTES_ORIGIN_SECRET' is reserved: edgeroutes sets it. Use another name.")),
        ("Environment: {Variables: {AWS_SAM_LOCAL: 'true'}}\n", ("functions/function.yaml:1: the variable 'AWS_SAM_LOCAL' is "
         "reserved: 'sam local' sets it, and functions then check less. Use another name.")),
        ("Environment: {Variables: {AWS_LAMBDA_RUNTIME_API: x}}\n", ("functions/function.yaml:1: the variable "
         "'AWS_LAMBDA_RUNTIME_API' is reserved: Lambda sets it. Use another name.")),
        ("Environment: {Variables: {AWS_REGION: x}}\n", ("functions/function.yaml:1: the variable 'AWS_REGION' is reserved: "
         "Lambda sets it. Use another name.")),
        ("include: {a: 1}\n", "functions/function.yaml:1: 'include' is {'a': 1}. Allowed is a list of names."),
        ("cors: true\n", "functions/function.yaml:1: cors is True. Allowed are the arguments of CORS, and false for none."),
        ("cors:\n", "functions/function.yaml:1: cors is None. Allowed are the arguments of CORS, and false for none."),
        ("cors: {origin: '*'}\n", "functions/function.yaml:1: cors has no 'origin'. Did you mean 'origins'?"),
        ("\ncors: {origins: '*', credentials: true}\n", ("functions/function.yaml:2: credentials is True and origins is '*', which "
         "browsers reject. List the origins.")),
        ("isolate: a b\n", ("functions/function.yaml:1: isolate is 'a b'. Allowed: 'route', and a group's name of letters, "
         "digits, - and _.")),
        ("isolate:\n", ("functions/function.yaml:1: isolate is None. Allowed: 'route', and a group's name of letters, "
         "digits, - and _.")),
        ("a: [\n", ("functions/function.yaml:2: the file is not YAML: while parsing a flow node expected the node "
         "content, but found '<stream end>'.")),
    ],
)  # fmt: skip
def test_what_sam_does_not_know_is_refused_with_file_and_line(text: str, said: str) -> None:
    assert problems({"function.yaml": text, "a/route.py": "", "b/route.py": ""}) == [said]


def test_the_known_properties_are_those_of_sam() -> None:
    schema = pytest.importorskip(
        "samtranslator.internal.schema_source.aws_serverless_function", reason="aws-sam-translator is not installed"
    )
    properties = schema.Properties
    assert set(getattr(properties, "model_fields", None) or properties.__fields__) <= FUNCTION_PROPERTIES


def test_some_variables_of_ours_are_the_authors_to_set() -> None:
    names = ("EDGEROUTES_DATA_CACHE_TABLE", "EDGEROUTES_DISTRIBUTION_ID", "AWS_LAMBDA_EXEC_WRAPPER", "AWS_XRAY_X", "TZ")
    text = f"Environment: {{Variables: {{{', '.join(f'{name}: x' for name in names)}}}}}\n"
    assert set(
        functions({"a/function.yaml": text, "a/route.py": ""})["AFunction"].properties["Environment"]["Variables"]
    ) == {*names}


def test_the_nearest_throttle_wins_number_by_number() -> None:
    files = {
        "function.yaml": "throttle_rate: 50\n",
        "a/route.py": "",
        "b/function.yaml": "throttle_burst: 5\n",
        "b/route.py": "",
        "b/c/function.yaml": "throttle_rate: 1000\nthrottle_burst: 500\n",
        "b/c/route.py": "",
    }
    found = {name: dict(each.throttles) for name, each in functions(files).items()}
    assert found == {
        "AFunction": {"throttle_rate": 50, "throttle_burst": 500},
        "BFunction": {"throttle_rate": 50, "throttle_burst": 5},
        "BCFunction": {},
    }


def test_routes_of_one_function_agree_on_their_throttle() -> None:
    one = 'isolate = "one"\ndef GET(): ...\n'
    files = {"a/route.py": one, "b/route.py": one, "b/function.yaml": "\nthrottle_rate: 5\n"}
    assert problems(files) == [
        (
            "functions/b/function.yaml:2: throttle_rate is 1000 by functions/a/route.py and 5 by functions/b/function.yaml:2, and both "
            "are for one function (/a and /b: isolate = 'one'). Give both the same throttle_rate, or take one of the routes out of the "
            "group by another 'isolate'."
        )
    ]
