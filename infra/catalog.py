"""Tables over the job's results, so that Athena reads them where they lie."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_glue as glue
from aws_cdk import aws_s3 as s3
from constructs import Construct

from job.storage.layout import FEATURES, PROJECTIONS, QUARANTINE, PartitionedFolder

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


@dataclass(frozen=True, kw_only=True)
class ResultTable:
    """A table of results: one folder, one Parquet schema, one partition key.

    Parameters
    ----------
    folder
        Where it lies below the output prefix, and what its partitions are called.
    columns
        Types of Hive by column, in the order of the files.
    comment
        Description of a row.
    """

    folder: PartitionedFolder
    columns: Mapping[str, str]
    comment: str


_PHOTOGRAPH = {"uri": "string", "label": "string", "bytes": "bigint", "etag": "string"}

RESULT_TABLES = (
    ResultTable(
        folder=FEATURES,
        columns=_PHOTOGRAPH | {"width": "int", "height": "int", "feature": "array<float>"},
        comment="One row for each photograph: 1280 features of MobileNetV2",
    ),
    ResultTable(
        folder=QUARANTINE,
        columns=_PHOTOGRAPH | {"reason": "string", "detail": "string"},
        comment="One row for each object that could not be used, and why",
    ),
    ResultTable(
        folder=PROJECTIONS,
        columns={"uri": "string", "label": "string", "split": "string", "projection": "array<float>"},
        comment="One row for each photograph: its features after PCA",
    ),
)


class Catalog(Construct):
    """A Glue database with the tables of the results.

    Parameters
    ----------
    database
        Name of the database.
    bucket, prefix
        Bucket and folder that the job writes its results to.

    Notes
    -----
    Partitions are projected, not registered: nothing has to run after the job. Their values are hashes that
    nobody can list in advance, hence the kind ``injected``: a query names the one it wants.
    """

    def __init__(self, scope: Construct, construct_id: str, *, database: str, bucket: s3.IBucket, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=database, description="Features and projections of fruit photographs"
            ),
        )
        for table in RESULT_TABLES:
            folder = bucket.s3_url_for_object(f"{prefix}{table.folder.name}/")
            self._table(table, database=database, location=folder)

    def _table(self, table: ResultTable, *, database: str, location: str) -> None:
        key = table.folder.key
        resource = glue.CfnTable(
            self,
            table.folder.name.capitalize(),
            catalog_id=Aws.ACCOUNT_ID,
            database_name=database,
            table_input=glue.CfnTable.TableInputProperty(
                name=table.folder.name,
                description=table.comment,
                table_type="EXTERNAL_TABLE",
                partition_keys=[glue.CfnTable.ColumnProperty(name=key, type="string")],
                parameters={
                    "classification": "parquet",
                    "projection.enabled": "true",
                    f"projection.{key}.type": "injected",
                    "storage.location.template": f"{location}{key}=${{{key}}}/",
                },
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=[
                        glue.CfnTable.ColumnProperty(name=name, type=kind) for name, kind in table.columns.items()
                    ],
                    location=location,
                    input_format=f"{_PARQUET}.MapredParquetInputFormat",
                    output_format=f"{_PARQUET}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=f"{_PARQUET}.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )
        resource.add_resource_dependency(self.database)
