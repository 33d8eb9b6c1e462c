"""Runs schemathesis for each kind of caller: ask.py <base URL> <folder of the platform's data, and for what is made here>"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import yaml

url, work = sys.argv[1], Path(sys.argv[2])
here = Path(__file__).parent
contract = yaml.safe_load((here / "../../infra/openapi.yaml").read_text())
demo = json.loads((work / "data/demo.json").read_text())
SEED, CASES, AT_ONCE = 20260501, 60, 2
METHODS = ("get", "put", "post", "patch", "delete")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance,response_headers_conformance"
)


def send(method: str, path: str, token: str | None = None, body=None):
    headers = {"content-type": "application/json", "idempotency-key": str(uuid4())}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Request(url + path, data, headers, method=method)) as answer:
            return json.load(answer)
    except HTTPError as refused:
        sys.exit(f"{method} {path}: {refused.code} {refused.read().decode()}")


def log_in(kind: str, body: dict) -> str:
    return send("POST", f"/v1/sessions/{kind}", body=body)["token"]


def keys(of: dict) -> dict:
    return {"access_key": of["access_key"], "secret": of["secret"]}


# A worker in good standing and her agency act. What is decided is about another worker and hers, so that the first can go on.
worker, subject = [worker for worker in demo["workers"] if worker["kind"] == "clear"][:2]
agencies = {agency["agency_id"]: agency for agency in demo["agencies"]}
agency, other = agencies[worker["agency_id"]], agencies[subject["agency_id"]]
customer = log_in("customer", {"code": demo["customers"][0]["code"]})
desk = log_in("agency", keys(agency))
authority = log_in("authority", keys(demo["authority"]))


def place(n: int) -> dict:
    """An order beside the agency's store, on another day each."""
    return send("POST", "/v1/orders", customer, {
        "service": agency["services"][0],
        "start_at": (datetime.now(UTC) + timedelta(days=n + 1)).isoformat(),
        "duration_min": 120,
        "address": "中央大街1号",
        "location": agency["stores"][0]["location"],
        "contact": {"name": "王芳", "phone": "13912345678"},
    })


def offers(orders: list[dict]) -> dict[str, str]:
    """The claim tokens of these orders, once they are all on offer."""
    wanted = {order["order_id"] for order in orders}
    while True:
        items = send("GET", "/v1/offers/open", desk)["items"]
        found = {item["order_id"]: item["claim_token"] for item in items}
        if wanted <= found.keys():
            return found


# An order in each state that a command is about: open, claimed, staffed, in service, over.
orders = [place(n) for n in range(5)]
tokens = offers(orders)
for order in orders[1:]:
    send("POST", f"/v1/orders/{order['order_id']}/grab", desk, {"claim_token": tokens[order["order_id"]]})
for order in orders[2:4]:
    candidates = send("GET", f"/v1/orders/{order['order_id']}/candidates", desk)["items"]
    send("POST", f"/v1/orders/{order['order_id']}/staff", desk, {"worker_id": candidates[0]["worker_id"]})
send("POST", f"/v1/orders/{orders[4]['order_id']}/cancel", customer, {"reason": "x"})
complaint = send("POST", f"/v1/orders/{orders[4]['order_id']}/complaints", customer, {"about": "other", "detail": "x"})
member = send("POST", "/v1/members", desk, {"name": "小李", "role": "dispatcher"})
members = [member["member_id"]]

of_orders = {
    "order_id": [order["order_id"] for order in orders],
    "complaint_id": [complaint["complaint_id"]],
    "source": [feed["source"] for feed in demo["feeds"]],
    "claim_token": list(tokens.values()),
}


def of_people(worker: dict, agency: dict) -> dict[str, list[str]]:
    return {
        "worker_id": [worker["worker_id"]],
        "badge_id": [worker["badge"]["badge_id"]],
        "token": [worker["badge"]["token"]],
        "agency_id": [agency["agency_id"]],
        "store_id": [store["store_id"] for store in agency["stores"]],
    }


real = {**of_orders, **of_people(worker, agency), "member_id": members}
decided = {**of_orders, **of_people(subject, other)}

callers = {
    "nobody": (None, None),
    "customer": (customer, "customer"),
    "owner": (desk, "owner"),
    "supervisor": (authority, "supervisor"),
    "worker": (log_in("worker", {"code": worker["code"]}), "worker"),
}


def takes(operation: dict, role: str | None) -> bool:
    """Nobody asks what takes no session; everybody else what takes theirs. Who may not ask is the end-to-end tests' matter."""
    return operation.get("security") == [] if role is None else role in operation.get("x-roles", [])


def easy(node, name: str = ""):
    """The same without the long patterns of text, from which making up cases takes minutes. What they forbid, tests know."""
    if isinstance(node, list):
        return [easy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: easy(value, key) for key, value in node.items()}
    if len(node.get("pattern", "")) > 60:
        node["pattern"] = "^1[3-9][0-9]{9}$" if name == "GivenPhone" else "^."
    return node


def ask(caller: str) -> tuple[str, int]:
    token, role = callers[caller]
    paths = {
        path: {key: value for key, value in item.items() if key not in METHODS or takes(value, role)}
        for path, item in contract["paths"].items()
    }
    description = work / f"{caller}.yaml"
    description.write_text(yaml.safe_dump(easy({**contract, "paths": paths}), allow_unicode=True))
    header = ["--header", f"Authorization: Bearer {token}"] if token else []
    command = ["schemathesis", "--config-file", str(here / "schemathesis.toml"), "run", str(description), "--url", url, *header]
    command += ["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", str(CASES), "--no-shrink"]
    command += ["--seed", str(SEED), "--continue-on-failure", "--generation-database", "none", "--no-color", "--warnings", "off"]
    environment = {**os.environ, "PYTHONPATH": str(here), "SCHEMATHESIS_HOOKS": "real_ids", "REAL_IDS": json.dumps(decided if caller == "supervisor" else real)}
    ran = subprocess.run(command, cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return f"== {caller}\n{ran.stdout}", ran.returncode


with ThreadPoolExecutor(AT_ONCE) as pool:
    outcomes = list(pool.map(ask, callers))
for text, status in outcomes:
    print(text if status else "\n".join(text.splitlines()[:1] + text.splitlines()[-8:]))
sys.exit(any(status for _, status in outcomes))
