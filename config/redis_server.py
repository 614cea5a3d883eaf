"""Reads the URL of a Redis, in each of the forms in which one is run, into what a client needs.

    redis://[[user]:password@]host[:port][/database]            one server; rediss:// with TLS
    unix://[[user]:password@]/path/to/socket[?db=number]        one on this machine
    redis+sentinel://…host[:port],host[:port]/name[/database]   whichever server the sentinels call the primary
    redis+cluster://…host[:port],host[:port]                    a Cluster, found by any of its nodes

`rediss+sentinel://` and `rediss+cluster://` are those with TLS. Strict on purpose: a password whose special characters
are not percent-encoded moves the borders between the parts, and a piece of it would be taken, and shown, as a host.
"""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from forebay.config.errors import ConfigError

FORMS = (
    "redis://[user:password@]host:port/database (rediss:// with TLS), unix:///path, "
    "redis+sentinel://host:port,host:port/name/database or redis+cluster://host:port,host:port"
)
#: Said of whatever cannot be read. It quotes nothing: each part may be a piece of the password.
UNREADABLE = f"must be {FORMS}; special characters of a password (such as @ / ? # %) are percent-encoded"

_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_PORT, _SENTINELS_PORT = 6379, 26379
_MOST_PORTS = 65535


class RedisForm(StrEnum):
    """How a Redis is run."""

    SINGLE = "single"  # one server, or one name that leads to the primary
    SOCKET = "socket"  # one server, through a socket of this machine
    SENTINEL = "sentinel"  # sentinels know which server is the primary
    CLUSTER = "cluster"  # keys are spread over primaries


#: What stands before `://`: the form, and whether it is with TLS.
_SCHEMES = {
    "redis": (RedisForm.SINGLE, False),
    "rediss": (RedisForm.SINGLE, True),
    "unix": (RedisForm.SOCKET, False),
    "redis+sentinel": (RedisForm.SENTINEL, False),
    "rediss+sentinel": (RedisForm.SENTINEL, True),
    "redis+cluster": (RedisForm.CLUSTER, False),
    "rediss+cluster": (RedisForm.CLUSTER, True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What proves who we are, and who the server is; None: the system's own CAs, and no certificate of ours."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """A Redis, as a client finds it. Its secrets have no repr."""

    form: RedisForm
    hosts: tuple[tuple[str, int], ...] = ()
    """The server; or the sentinels, or some nodes of the Cluster."""
    path: str = ""
    """Of the socket."""
    primary: str = ""
    """What the sentinels call the group of servers."""
    database: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    """Where the sentinels themselves ask for one."""
    client_name: str | None = None
    tls: bool = False
    files: TlsFiles = TlsFiles()

    @property
    def shown(self) -> str:
        """Names it for people, without any secret."""
        scheme = next(scheme for scheme, found in _SCHEMES.items() if found == (self.form, self.tls))
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        database = (
            f"/{self.database}" if self.form is not RedisForm.CLUSTER and self.form is not RedisForm.SOCKET else ""
        )
        return f"{scheme}://{hosts}{self.path}{'/' + self.primary if self.primary else ''}{database}"


def read_redis_url(url: str) -> RedisServer:
    """Reads a URL. Raises `ValueError`, which quotes nothing of it."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES or "#" in rest:
        raise ValueError(UNREADABLE)
    form, tls = _SCHEMES[scheme]
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    credentials, at, names = authority.rpartition("@")
    if "@" in path or "@" in query:
        raise ValueError(UNREADABLE)
    server = RedisServer(form=form, tls=tls, **_options(query))
    if at:
        username, _, password = credentials.partition(":")
        server = replace(server, username=unquote(username) or None, password=unquote(password) or None)
    if form is RedisForm.SOCKET:
        if names or not path:
            raise ValueError(UNREADABLE)
        return replace(server, path=unquote(slash + path))
    default = _SENTINELS_PORT if form is RedisForm.SENTINEL else _PORT
    server = replace(server, hosts=tuple(_host(name, default) for name in names.split(",")))
    return _placed(server, path.rstrip("/").split("/"))


def _placed(server: RedisServer, parts: list[str]) -> RedisServer:
    """Reads the path: the name that sentinels know, then the database."""
    if server.form is RedisForm.SENTINEL:
        server = replace(server, primary=unquote(parts.pop(0)))
        if not server.primary:
            raise ValueError("names no group of servers: redis+sentinel://host:port,host:port/name/database")
    elif server.form is RedisForm.SINGLE and len(server.hosts) > 1:
        raise ValueError(UNREADABLE)
    database = "/".join(parts) or str(server.database)
    if not re.fullmatch(r"[0-9]{1,6}", database):
        raise ValueError(UNREADABLE)
    if server.form is RedisForm.CLUSTER and int(database):
        raise ValueError("names a database, and a Redis Cluster has only its own")
    return replace(server, database=int(database))


def _host(name: str, default: int) -> tuple[str, int]:
    found = re.fullmatch(rf"({_HOST.pattern})(?::([0-9]{{1,5}}))?", name)
    port = int(found[2] or default) if found else 0
    if not found or not 0 < port <= _MOST_PORTS:
        raise ValueError(UNREADABLE)
    return found[1].strip("[]"), port


def _options(query: str) -> dict[str, Any]:
    """Reads the few that we know; what else client libraries take there has a setting of its own here."""
    taken: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "db" and re.fullmatch(r"[0-9]{1,6}", value):
            taken["database"] = int(value)
        elif name in ("client_name", "sentinel_password"):
            taken[name] = value
        else:
            raise ValueError(
                "has an option behind its ? that is not known here (known are db, client_name, sentinel_password; "
                "certificates are FOREBAY_REDIS_CA, FOREBAY_REDIS_CERT and FOREBAY_REDIS_KEY)"
            )
    return taken


def with_files(server: RedisServer, files: TlsFiles) -> RedisServer:
    """Adds the certificates of a server with TLS. Raises `ConfigError` for one that is not there."""
    if not server.tls:
        return server
    names = {"FOREBAY_REDIS_CA": files.ca, "FOREBAY_REDIS_CERT": files.certificate, "FOREBAY_REDIS_KEY": files.key}
    for name, path in names.items():
        if path is not None and not path.is_file():
            raise ConfigError(f"{name} is {path}, and there is no such file")
    return replace(server, files=files)
