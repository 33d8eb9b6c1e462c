#!/usr/bin/env python3
"""Verifies badges offline, and shares no code with the platform: Python's own library and `cryptography`.

    verify_badges.py fetch https://badge.example.cn kept/   keeps jwks.json and the status lists in a folder
    verify_badges.py check kept/ [--now SECONDS]            reads tokens or links, one a line, and asks nobody

`check` prints a line for each token: `valid`, `suspended`, `revoked`, `expired`, `not-genuine`, or `unknown` when the kept
list is missing, expired, or not signed by the keys. Even `valid` says only that the badge is genuine and what its status
was when the list was made; who wears it has not been looked at.
"""

import base64
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.request
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOMAIN = b"homehail-badge-v1\0"
LIST_PLACES = 1 << 20
STATUS = ["valid", "revoked", "suspended"]


def unpadded(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fetched(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read(), dict(answer.headers)


def fetch(base, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    jwks, _ = fetched(f"{base}/.well-known/jwks.json")
    (folder / "jwks.json").write_bytes(jwks)
    number = 0
    while True:
        try:
            token, headers = fetched(f"{base}/v1/badge-status-list?list={number}")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            break
        headers = {name.lower(): value for name, value in headers.items()}
        assert headers["content-type"] == "application/statuslist+jwt", headers
        assert headers["cache-control"] == "public, max-age=900", headers
        assert headers["etag"], headers
        (folder / f"{number}.jwt").write_bytes(token)
        number += 1
    print(f"{number} lists kept")


def keys_of(folder):
    keys = {}
    for jwk in json.loads((folder / "jwks.json").read_text())["keys"]:
        # The algorithm belongs to the key, not to what it signs.
        assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig"), jwk
        assert jwk["kid"] not in keys, "two keys of one name"
        keys[jwk["kid"]] = Ed25519PublicKey.from_public_bytes(unpadded(jwk["x"]))
    return keys


def list_of(folder, number, keys, now):
    """The statuses of a list, or nothing if it cannot be relied on."""
    try:
        token = (folder / f"{number}.jwt").read_text()
        head, body, signature = token.split(".")
        header = json.loads(unpadded(head))
        if (header["typ"], header["alg"]) != ("statuslist+jwt", "EdDSA"):
            return None
        # Badges' keys do not sign lists; their ids are numbers.
        if header["kid"].isdigit():
            return None
        keys[header["kid"]].verify(unpadded(signature), f"{head}.{body}".encode())
        claims = json.loads(unpadded(body))
        listed = claims["status_list"]
        if not claims["sub"].endswith(f"/v1/badge-status-list?list={number}"):
            return None
        if not claims["iat"] <= now < claims["exp"] or claims["ttl"] != 900 or listed["bits"] != 2:
            return None
        statuses = zlib.decompressobj().decompress(unpadded(listed["lst"]), LIST_PLACES // 4 + 1)
        return statuses if len(statuses) == LIST_PLACES // 4 else None
    except (OSError, ValueError, KeyError, InvalidSignature, zlib.error):
        return None


def checked(text, folder, keys, now):
    digits = text.rsplit("/b/", 1)[-1]
    if not re.fullmatch(r"[0-9]{193}", digits, re.ASCII) or int(digits) >= 1 << 640:
        return "not-genuine"
    token = int(digits).to_bytes(80, "big")
    fields, signature = token[:16], token[16:]
    key = keys.get(str(fields[1]))
    if fields[0] != 1 or key is None:
        return "not-genuine"
    try:
        key.verify(signature, DOMAIN + fields)
    except InvalidSignature:
        return "not-genuine"
    index = int.from_bytes(fields[10:14], "big")
    last_day = int.from_bytes(fields[14:16], "big")
    if now >= (last_day + 1) * 86_400 - 8 * 3_600:  # Days are China's.
        return "expired"
    statuses = list_of(folder, index // LIST_PLACES, keys, now)
    if statuses is None:
        return "unknown"
    place = index % LIST_PLACES
    status = statuses[place // 4] >> place % 4 * 2 & 3
    return STATUS[status] if status < len(STATUS) else "unknown"


def main(arguments):
    match arguments:
        case ["fetch", base, folder]:
            fetch(base.rstrip("/"), folder)
        case ["check", folder, *rest]:
            now = int(rest[1]) if rest[:1] == ["--now"] else int(time.time())
            folder = pathlib.Path(folder)
            keys = keys_of(folder)
            for line in sys.stdin:
                if line.strip():
                    print(checked(line.strip(), folder, keys, now))
        case _:
            sys.exit(__doc__)


main(sys.argv[1:])
