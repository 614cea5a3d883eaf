"""Lists all requests that the API takes."""

from forebay.web.api.operations.reading_operations import READING
from forebay.web.api.operations.writing_operations import WRITING

OPERATIONS = (*READING, *WRITING)
