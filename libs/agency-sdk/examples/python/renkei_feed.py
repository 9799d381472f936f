"""Reads messages of an agency's feed (CloudEvents 1.0, Kafka binary content mode) with Python's standard library alone.

    python3 renkei_feed.py GOLDEN_DIRECTORY

decodes the golden messages of libs/feed-schemas and prints a digest of each. `decode` and `Inbox` are what a consumer needs;
../README.md shows them with confluent-kafka.
"""

import base64
import hashlib
import json
import pathlib
import re
import sqlite3
import sys
from typing import Any, Callable, Iterator, Mapping, Optional

VALUE_BYTES_MAX = 131_072
ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "dataschema", "partitionkey", "sequence")
TYPE = re.compile(r"renkei\.[a-z][a-z0-9.-]{0,100}\.v[0-9]{1,4}")


class Poison(Exception):
    """No event of a feed, now or ever: it belongs on the dead-letter topic. Says which rule, never what stood there."""


def decode(key: Optional[bytes], headers: Mapping[str, bytes], value: Optional[bytes]) -> dict[str, Any]:
    """The event that a Kafka record carries: its attributes, and `data`. A type that you do not know is not an error: leave it."""
    try:
        attributes = {name: headers["ce_" + name].decode("utf-8") for name in ATTRIBUTES}
        content_type = headers["content-type"].decode("utf-8").split(";", 1)[0].strip().lower()
    except KeyError as error:
        raise Poison(f"the header {error.args[0]} is missing") from None
    except UnicodeDecodeError:
        raise Poison("a header is not UTF-8") from None
    if attributes["specversion"] != "1.0" or content_type != "application/json" or not TYPE.fullmatch(attributes["type"]):
        raise Poison("no CloudEvent of a feed")
    if key is None or key != attributes["partitionkey"].encode("utf-8"):
        raise Poison("the key is not the partition key")
    if value is None or len(value) > VALUE_BYTES_MAX:
        raise Poison("there is no value, or it is too large")
    try:
        data = json.loads(value.decode("utf-8"))
    except ValueError:
        raise Poison("the value is not JSON") from None
    if not isinstance(data, dict):
        raise Poison("the data is no object")
    return {**attributes, "datacontenttype": content_type, "data": data}


class Inbox:
    """Handles each event once, in the transaction of the database that the work writes to."""

    def __init__(self, database: sqlite3.Connection) -> None:
        database.isolation_level = None  # transactions are begun below
        database.execute("CREATE TABLE IF NOT EXISTS renkei_inbox (source TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, id))")
        self._database = database

    def once(self, event: Mapping[str, Any], work: Callable[[sqlite3.Connection], None]) -> bool:
        """True where the work was done, False where the event had been handled before. What `work` raises undoes all of it."""
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            noted = database.execute("INSERT INTO renkei_inbox VALUES (?, ?) ON CONFLICT DO NOTHING", (event["source"], event["id"])).rowcount
            if noted == 1:
                work(database)
            database.execute("COMMIT")
            return noted == 1
        except BaseException:
            database.execute("ROLLBACK")
            raise


def flattened(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from flattened(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from flattened(member, f"{path}.{index}")
    elif isinstance(value, bool):
        yield path, "true" if value else "false"
    else:
        yield path, str(value)


def digest(event: Mapping[str, Any]) -> str:
    """SHA-256 over the lines `path=value`, in the order of the paths: the same in every language that read the same event."""
    lines = [f"{path}={value}" for path, value in sorted(flattened(event, ""))]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def golden_messages(directory: pathlib.Path) -> Iterator[tuple[bytes, dict[str, bytes], bytes]]:
    for file in sorted(directory.glob("*.json")):
        for message in json.loads(file.read_text("utf-8"))["messages"]:
            headers = {name: base64.b64decode(text) for name, text in message["headers"].items()}
            yield base64.b64decode(message["key"]), headers, base64.b64decode(message["value"])


def main() -> None:
    inbox = Inbox(sqlite3.connect(":memory:"))
    handled = duplicates = 0
    for key, headers, value in golden_messages(pathlib.Path(sys.argv[1])):
        event = decode(key, headers, value)
        print(event["type"], event["id"], digest(event))
        for _ in range(2):  # as a feed may bring it again
            if inbox.once(event, lambda database: None):
                handled += 1
            else:
                duplicates += 1
    print(f"handled {handled}, duplicates {duplicates}")


if __name__ == "__main__":
    main()
