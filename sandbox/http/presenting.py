"""Shapes what both generations show in one way: the address and size of a file, and moments to the nanosecond."""

from datetime import UTC, datetime

from starlette.requests import Request

from forebay.sandbox.faults import FaultName, Operation
from forebay.sandbox.http.files.links import lifetime_ns
from forebay.sandbox.runs import SpooledResult
from forebay.sandbox.setting_choices import ZipSizeOf
from forebay.sandbox.world import World


def file_fields(request: Request, world: World, result: SpooledResult) -> dict[str, object]:
    """Gives `download_url`, made anew each time, and `size`, as the faults want them."""
    now_ns = world.now_ns()
    born_expired = world.faults.strike(Operation.RETRIEVE, FaultName.URL_EXPIRED)
    expires_ns = now_ns - 1 if born_expired else now_ns + lifetime_ns(world.settings.url_lifetime_s)
    wrong = world.faults.strike(Operation.RETRIEVE, FaultName.WRONG_SIZE)
    size = result.csv_bytes if world.settings.zip_size_of is ZipSizeOf.CSV else result.size_bytes
    url = world.links.sign(str(request.base_url).rstrip("/"), result.path.name, expires_ns)
    return {
        "download_url": {"expires_at": nine_digits(expires_ns), "url": url},
        "size": str(size + (wrong.bytes if wrong else 0)),  # an int64 travels as a string
    }


def nine_digits(moment_ns: int) -> str:
    """Writes a moment with nanoseconds."""
    seconds, nanos = divmod(moment_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{nanos:09d}Z"
