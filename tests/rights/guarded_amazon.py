"""Starts the server that stands in for Amazon with its guard on: who comes is somebody, and may what a policy says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx

from tests.servers.s3 import ACCESS_KEY_ID, SECRET_ACCESS_KEY, s3_server

USER = "forebay"
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


@dataclass
class GuardedAmazon:
    """The server, somebody who may do everything, and the user whose policy is tried."""

    endpoint: str
    access_key_id: str = field(init=False)
    secret_access_key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._root = {"aws_access_key_id": ACCESS_KEY_ID, "aws_secret_access_key": SECRET_ACCESS_KEY}
        iam = self.client("iam")
        iam.create_user(UserName="root")
        iam.put_user_policy(UserName="root", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
        key = iam.create_access_key(UserName="root")["AccessKey"]
        iam.create_user(UserName=USER)
        ours = iam.create_access_key(UserName=USER)["AccessKey"]
        self._root = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        self.access_key_id, self.secret_access_key = ours["AccessKeyId"], ours["SecretAccessKey"]
        httpx.post(f"{self.endpoint}/moto-api/reset-auth", content=b"0").raise_for_status()

    def client(self, service: str) -> Any:
        """Gives a client of who may do everything."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **self._root)

    def allow(self, policy: Any) -> None:
        """Gives the user this policy, and no other."""
        self.client("iam").put_user_policy(UserName=USER, PolicyName="tried", PolicyDocument=json.dumps(policy))

    @property
    def environment(self) -> dict[str, str]:
        """Makes whoever has it the user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }


@contextmanager
def guarded_amazon() -> Iterator[GuardedAmazon]:
    """Starts it, with nobody allowed anything but who may do everything."""
    with s3_server() as endpoint:
        yield GuardedAmazon(endpoint)
