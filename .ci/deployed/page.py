"""The API of the page, made part by part in the account's API Gateway: moto's CloudFormation knows none of its parts.

The calls are checked against AWS' own description of them, so that a property by another name, or of another kind, is
refused. What a token must be like is for API Gateway, and is not played.
"""

import boto3

import account as aws

PARTS = "AWS::ApiGatewayV2::"
# What CloudFormation takes as text, too.
NUMBERS = {"ThrottlingRateLimit": float, "ThrottlingBurstLimit": int, "TimeoutInMillis": int}


class PageApi:
    """What API Gateway has of the page."""

    def __init__(self, stack):
        self.client = boto3.client(
            "apigatewayv2",
            endpoint_url=stack.account.url,
            region_name=aws.REGION,
            aws_access_key_id=aws.TESTER,
            aws_secret_access_key="none",
        )
        parts = {logical: each for logical, each in stack.resources.items() if each[0].startswith(PARTS)}
        (api,) = [logical for logical, (of, each) in parts.items() if of == f"{PARTS}Api" and "Body" not in each]
        self.id = self.client.create_api(**parts[api][1])["ApiId"]
        stands_for = {stack.physical[api]: self.id}
        # Each refers to those before it.
        for kind in ("Authorizer", "Integration", "Route", "Stage"):
            for logical, (of, properties) in parts.items():
                if of == PARTS + kind and properties["ApiId"] == stack.physical[api]:
                    made = getattr(self.client, f"create_{kind.lower()}")(**renamed(properties, stands_for))
                    if f"{kind}Id" in made:
                        stands_for[stack.physical[logical]] = made[f"{kind}Id"]

    def routes(self):
        return self.client.get_routes(ApiId=self.id)["Items"]

    def guard(self, route):
        """Who is let in on a route: the authoriser's kind, where it looks, and what it asks for."""
        if "AuthorizerId" not in route:
            return None
        found = self.client.get_authorizer(ApiId=self.id, AuthorizerId=route["AuthorizerId"])
        asked = found["AuthorizerType"], found["IdentitySource"], found["JwtConfiguration"]
        return route["AuthorizationType"], *asked, route.get("AuthorizationScopes")

    def paths(self):
        """The routes in the form of the other API's definition."""
        paths = {}
        for route in self.routes():
            method, path = route["RouteKey"].split(" ")
            number = route["Target"].removeprefix("integrations/")
            to = self.client.get_integration(ApiId=self.id, IntegrationId=number)
            integration = {"payloadFormatVersion": to["PayloadFormatVersion"], "uri": to["IntegrationUri"]}
            paths.setdefault(path, {})[method.lower()] = {"x-amazon-apigateway-integration": integration}
        return paths

    def stages(self):
        return self.client.get_stages(ApiId=self.id)["Items"]


def renamed(properties, stands_for):
    """Properties with the account's own ids, and with numbers where CloudFormation takes text for them."""

    def one(name, value):
        if isinstance(value, dict):
            return {inner: one(inner, each) for inner, each in value.items()}
        if name in NUMBERS:
            return NUMBERS[name](value)
        if isinstance(value, str):
            for stand_in, real in stands_for.items():
                value = value.replace(stand_in, real)
        return value

    return one(None, properties)
