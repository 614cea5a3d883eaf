"""Says why tables were not told, and the way out: a sentence each, for `forebay schema`, beat's log and `doctor`."""

from dataclasses import dataclass

from forebay.config.connections import Connection
from forebay.config.stripe import API_BASE
from forebay.queryrun.auth_reasons import AuthReason
from forebay.queryrun.errors import AuthError, NotFoundError, ProviderError, QueryRunError, QuotaError
from forebay.queryrun.lists.schemas_page import SCHEMAS_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRefusal:
    """Why tables were not told."""

    sentence: str
    way_out: str


def refusal_of(error: QueryRunError, connection: Connection) -> CatalogRefusal:
    """Reads it from what the client raised."""
    sentence = str(error)
    match error:
        case AuthError() if error.reason is AuthReason.DENIED:
            sentence = f"Stripe knows this key and denies it the list of tables: {error}"
            way_out = (
                "the key needs data_queries_read. An organization's key, and some accounts' keys, also need an "
                f"account: forebay schema --account acct_…, or context of connection {connection.name}"
            )
        case AuthError():
            way_out = error.hint
        case NotFoundError() if connection.api_base == API_BASE:
            sentence = f"Stripe has no list of tables ({SCHEMAS_PATH}) for this account: {error}"
            way_out = AuthReason.NOT_ENABLED.way_out
        case NotFoundError():
            sentence = f"{connection.api_base} has no list of tables ({SCHEMAS_PATH}): {error}"
            way_out = f"check api_base of connection {connection.name}; a `forebay sandbox` has one"
        case QuotaError():
            sentence = f"Stripe is throttling this key now: {error}"
            way_out = "ask again in a minute"
        case ProviderError():
            way_out = f"ask again; if it stays so, check the network, and api_base ({connection.api_base})"
        case _:
            way_out = f"if it names the version, set api: data and api_version of connection {connection.name}"
    return CatalogRefusal(sentence=sentence, way_out=way_out)
