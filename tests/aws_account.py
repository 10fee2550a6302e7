"""What a person has in an AWS account before `ray up`, made anew, and cluster.yaml naming it."""


def with_own_account(config, ec2, iam):
    """Fill the places that cluster.yaml marks CHANGE with what was made; its group's id."""
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="own", Description="own", VpcId=vpc)["GroupId"]
    inside = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=inside)
    zones = config["provider"]["availability_zone"].split(",")
    subnets = [
        s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if s["AvailabilityZone"] in zones
    ]
    ec2.create_key_pair(KeyName="envelope")
    for name in ("envelope-head", "envelope-worker"):
        iam.create_instance_profile(InstanceProfileName=name)
    for kind in config["available_node_types"].values():
        node = kind["node_config"]
        node |= {"ImageId": "ami-12c6146b", "SecurityGroupIds": [group], "SubnetIds": subnets}
        arn = node["IamInstanceProfile"]["Arn"].replace("0" * 12, "123456789012")
        node["IamInstanceProfile"] = {"Arn": arn}
    return group
