"""Makes boto3's client for a bucket from what the operator set, and says in words what of that cannot be used."""

from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ProfileNotFound

from forebay.store.errors import BadUrl, Denied, Refused
from forebay.store.s3_options import S3Options
from forebay.store.service_models import SERVICE_MODELS

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def s3_client(options: S3Options) -> "S3Client":
    """Makes a client. Contacts nothing. Raises BadUrl, Denied and Refused."""
    try:
        client = _made(options)
    except ProfileNotFound as exc:
        raise Denied(f"{exc}: AWS_PROFILE names a profile that is not in the AWS configuration of this user") from exc
    except ValueError as exc:
        raise BadUrl(
            f"the S3 endpoint {options.endpoint!r} (FOREBAY_S3_ENDPOINT) is no URL: write https://host"
        ) from exc
    except BotoCoreError as exc:
        raise Refused(f"S3 cannot be used as it is set up here: {exc}") from exc
    options.objects.provide_to(client)
    return client


def _made(options: S3Options) -> "S3Client":
    secret, token = options.secret_access_key, options.session_token
    # A session for each client: each finds its credentials by itself.
    session = botocore.session.get_session()
    session.get_component("data_loader").file_loader = SERVICE_MODELS
    return boto3.session.Session(botocore_session=session).client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        aws_access_key_id=options.access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        aws_session_token=token.get_secret_value() if token else None,
        config=Config(
            # What it signs by default for links is the older form, which new regions and KMS refuse.
            signature_version="s3v4",
            connect_timeout=5,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": options.attempts},
            max_pool_connections=32,
            s3={
                # Buckets of other makers have no host name of their own.
                "addressing_style": "path" if options.endpoint else "auto",
                # A SHA-256 of each part is not signed where TLS and a sum prove it already.
                "payload_signing_enabled": (options.endpoint or "").startswith("http:"),
            },
            # botocore's default checksums travel in trailers that many other makers' servers refuse.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
