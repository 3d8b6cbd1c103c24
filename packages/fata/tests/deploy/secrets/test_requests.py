"""What the agent answers to `fata secrets`: never a value."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from fata.deploy.secrets.requests import handle
from fata.deploy.secrets.vault import Vault
from functoria import UserError

PLACE = {"app": "website", "environment": "production"}
VALUE = base64.b64encode(b"hunter2").decode()


def test_set_list_remove(tmp_path: Path) -> None:
    asked = {"action": "set", **PLACE, "name": "api-key", "value": VALUE, "by": "al\x1b[31mice"}
    assert handle(tmp_path, asked) == {"version": 1}
    assert handle(tmp_path, asked, by="key SHA256:abc") == {"version": 2}
    answer = handle(tmp_path, {"action": "list", **PLACE})
    secrets = answer["secrets"]
    assert isinstance(secrets, list)
    assert [(one["name"], one["version"], one["by"]) for one in secrets] == [
        ("api-key", 2, "key SHA256:abc")
    ]
    assert answer["version"] == 2
    assert "hunter2" not in json.dumps(answer)
    assert VALUE not in json.dumps(answer)
    assert Vault(tmp_path).disk("website", "production", ["api-key"]).count(b"hunter2") == 1
    assert handle(tmp_path, {"action": "remove", **PLACE, "name": "api-key"}) == {"version": 3}
    assert handle(tmp_path, {"action": "list", **PLACE}) == {"version": 3, "secrets": []}


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"action": "print", **PLACE},
        {"action": "set", **PLACE, "name": "api-key", "value": "hunter2 is not base64"},
        {"action": "set", **PLACE, "name": 7, "value": VALUE},
        {"action": "list", "app": "website"},
    ],
)
def test_what_is_no_request(tmp_path: Path, request_: dict[str, object]) -> None:
    with pytest.raises(UserError, match="no request about secrets") as caught:
        handle(tmp_path, request_)
    assert "hunter2" not in str(caught.value)
