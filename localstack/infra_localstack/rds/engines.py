"""DescribeDBEngineVersions and DescribeOrderableDBInstanceOptions, from the catalog."""

from . import catalog


class Engines:
    def describe_db_engine_versions(self, context, request):
        engine, wanted = request.get("Engine"), request.get("EngineVersion")
        if engine not in (None, *catalog.VERSIONS):
            return self.base_call(context)
        found = []
        for name in [engine] if engine else catalog.VERSIONS:
            versions = catalog.VERSIONS[name]
            if request.get("DefaultOnly"):
                versions = [catalog.resolve(name, wanted)]
            elif wanted:
                versions = [version for version in versions if wanted in (version, catalog.major(name, version))]
            found += [_version(name, version) for version in versions if version]
        family = request.get("DBParameterGroupFamily")
        return {"DBEngineVersions": [v for v in found if family in (None, v["DBParameterGroupFamily"])]}

    def describe_orderable_db_instance_options(self, context, request):
        engine = request["Engine"]
        if engine not in catalog.VERSIONS:
            return self.base_call(context)
        wanted = request.get("EngineVersion")
        versions = [wanted] if wanted in catalog.VERSIONS[engine] else [] if wanted else catalog.VERSIONS[engine]
        classes = (
            catalog.CLASSES & {request.get("DBInstanceClass")} if request.get("DBInstanceClass") else catalog.CLASSES
        )
        return {
            "OrderableDBInstanceOptions": [
                {
                    "Engine": engine,
                    "EngineVersion": version,
                    "DBInstanceClass": instance_class,
                    "LicenseModel": catalog.LICENSES[engine],
                    "AvailabilityZones": [{"Name": context.region + letter} for letter in "abc"],
                    "MultiAZCapable": True,
                    "Vpc": True,
                    "SupportsStorageEncryption": True,
                    "StorageType": storage,
                    "SupportsIops": storage in ("gp3", "io1", "io2"),
                    "SupportsPerformanceInsights": catalog.has_performance_insights(engine, instance_class),
                    "MinStorageSize": catalog.STORAGE_GIB[storage][0],
                    "MaxStorageSize": catalog.STORAGE_GIB[storage][1],
                    "SupportsStorageAutoscaling": storage != "standard",
                }
                for version in versions
                for instance_class in sorted(classes)
                for storage in catalog.STORAGE_GIB
            ][: request.get("MaxRecords") or 1000]
        }


def _version(engine: str, version: str) -> dict:
    return {
        "Engine": engine,
        "EngineVersion": version,
        "MajorEngineVersion": catalog.major(engine, version),
        "DBParameterGroupFamily": catalog.family(engine, version),
        "DBEngineDescription": engine,
        "DBEngineVersionDescription": f"{engine} {version}",
        "Status": "available",
        "ExportableLogTypes": sorted(catalog.LOG_TYPES[engine]),
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "ValidUpgradeTarget": [
            {
                "Engine": engine,
                "EngineVersion": target,
                "Description": f"{engine} {target}",
                "AutoUpgrade": False,
                "IsMajorVersionUpgrade": catalog.major(engine, target) != catalog.major(engine, version),
            }
            for target in catalog.upgrade_targets(engine, version)
        ],
    }
