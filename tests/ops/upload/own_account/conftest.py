"""An embedded AWS for each file: these tests look at, or harm, everything that an account holds."""

from tests.embedded import own_aws, own_client

aws, client = own_aws, own_client
