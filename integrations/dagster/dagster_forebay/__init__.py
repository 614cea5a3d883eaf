"""Is Dagster's side of Forebay, a job queue for Stripe's Query Run API: extracts are assets, their windows partitions.

Only what this module names is public.
"""

from dagster_forebay.extract_assets import build_extract_assets
from dagster_forebay.extract_description import ExtractDescription, describe_extracts
from dagster_forebay.extracts_component import ForebayExtractsComponent
from dagster_forebay.forebay_resource import ForebayResource
from dagster_forebay.landed_windows_sensor import build_landed_windows_sensor

__all__ = [
    "ExtractDescription", "ForebayExtractsComponent", "ForebayResource", "build_extract_assets",
    "build_landed_windows_sensor", "describe_extracts",
]  # fmt: skip
__version__ = "0.1.0"
