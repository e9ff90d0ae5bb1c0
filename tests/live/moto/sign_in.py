"""Sets up Cognito user pools at a moto server and signs alice in.

usage: sign_in.py ENDPOINT CA_FILE

Prints one JSON object: pool, client, sub, access and id (alice at that client), other_client_access (at another app
client of the pool) and other_pool_access (at another pool, which moto signs with the same key).
"""

import json
import sys

import boto3
from botocore.config import Config

PASSWORD = "Correct-Horse-1"


def create_pool(cognito) -> tuple[str, str]:
    """A pool with alice in the group admin: its id and her subject."""
    pool = cognito.create_user_pool(PoolName="countersign")["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool, GroupName="admin")
    alice = cognito.admin_create_user(UserPoolId=pool, Username="alice")["User"]
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=True)
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="alice", GroupName="admin")
    return pool, next(a["Value"] for a in alice["Attributes"] if a["Name"] == "sub")


def create_client(cognito, pool: str) -> str:
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )
    return client["UserPoolClient"]["ClientId"]


def sign_in(cognito, pool: str, client: str) -> dict:
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
    )
    return answer["AuthenticationResult"]


def main(endpoint: str, ca_file: str) -> None:
    cognito = boto3.client(
        "cognito-idp",
        region_name="us-east-1",
        endpoint_url=endpoint,
        verify=ca_file,
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(connect_timeout=60, read_timeout=60, retries={"total_max_attempts": 2}),
    )
    pool, sub = create_pool(cognito)
    client, other_client = create_client(cognito, pool), create_client(cognito, pool)
    other_pool, _ = create_pool(cognito)

    tokens = sign_in(cognito, pool, client)
    answer = {
        "pool": pool,
        "client": client,
        "sub": sub,
        "access": tokens["AccessToken"],
        "id": tokens["IdToken"],
        "other_client_access": sign_in(cognito, pool, other_client)["AccessToken"],
        "other_pool_access": sign_in(cognito, other_pool, create_client(cognito, other_pool))["AccessToken"],
    }
    print(json.dumps(answer))


main(*sys.argv[1:])
