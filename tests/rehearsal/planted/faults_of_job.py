"""Faults of the job: how it reaches S3, what it writes where, what it loses or does twice, what it says at its end."""

from typing import Final

from tests.rehearsal.planted.fault import CHECKED, RAN, RAN_AGAIN, RAN_CHANGED, Edit, Fault

_ACCESS: Final = "job/storage/access.py"
_PIPELINE: Final = "job/pipeline.py"

FAULTS: Final = (
    Fault(
        name="the job hands no endpoint of S3 on",
        edits=(Edit(_ACCESS, "aws_endpoint_url_s3=self.endpoint", "endpoint=None"),),
        stage=RAN,
        says="'None' is not an instance of 'str'",
    ),
    Fault(
        name="the job signs for another region than the bucket's",
        edits=(Edit(_ACCESS, "            region=self.region,\n", '            region="us-east-1",\n'),),
        stage=RAN,
        says="region",
    ),
    Fault(
        name="results go to the disk of the node",
        edits=(
            Edit(
                "infra/job_step.py",
                '("--output", data.s3_url_for_object(output_prefix))',
                '("--output", "/mnt/tmp/results")',
            ),
        ),
        stage=RAN,
        says="/mnt/tmp/results",
    ),
    Fault(
        name="the archive of the job lacks a file",
        edits=(Edit("infra/packaging.py", '{".py", ".html", ".css", ".js"}', '{".py"}'),),
        stage=RAN,
        says="begin.js",
    ),
    Fault(
        name="the manifest is printed, and not written",
        edits=(
            Edit(
                _PIPELINE,
                "        self.store.put(self.folder.manifest, json.dumps(manifest, indent=2).encode())\n",
                "",
            ),
        ),
        stage=CHECKED,
        says="which is not among its reports",
    ),
    Fault(
        name="the job fails, and ends with code 0",
        edits=(
            Edit("job/main.py", "        return 2\n", "        return 0\n"),
            Edit(
                "infra/job_step.py",
                '"--images", data.s3_url_for_object(images_prefix)',
                '"--images", data.s3_url_for_object(f"new-{images_prefix}")',
            ),
        ),
        stage=CHECKED,
        says="printed no manifest",
    ),
    Fault(
        name="photographs that are whole go to quarantine",
        edits=(Edit("job/features/decode.py", "    if not content:\n", "    if len(content) < 4_500:\n"),),
        stage=CHECKED,
        says="in quarantine",
    ),
    Fault(
        name="the listing loses a photograph",
        edits=(
            Edit(
                "job/storage/listing.py",
                "    return Listing(photographs, left, tuple(_written_in_two_ways(labels)))\n",
                "    return Listing(photographs.slice(1), left, tuple(_written_in_two_ways(labels)))\n",
            ),
        ),
        stage=CHECKED,
        says="1 photographs have neither features nor a place in quarantine",
    ),
    Fault(
        name="a worker loses a photograph of each batch",
        edits=(
            Edit(
                "job/features/featurize.py",
                "itertools.islice(read, batch_size)",
                "itertools.islice(read, 1, batch_size)",
            ),
        ),
        stage=RAN,
        says="are neither in features nor in quarantine",
    ),
    Fault(
        name="the plan is made for two slots",
        edits=(
            Edit(
                "job/storage/tasks.py",
                "        size = min(photographs, max(SMALLEST_TASK, photographs // _SHARE))\n",
                "        size = min(photographs, max(SMALLEST_TASK, photographs // 2 + 1))\n",
            ),
        ),
        stage=CHECKED,
        says="tasks",
        photographs=100,
    ),
    Fault(
        name="a run over the same photographs writes all anew",
        edits=(Edit(_PIPELINE, "whole = not index.stale", "whole = bool(index.stale)"),),
        stage=RAN_AGAIN,
        says="it wrote",
        mode="interactive",
    ),
    Fault(
        name="a changed photograph keeps its old features",
        edits=(
            Edit(
                "job/storage/tables.py",
                'join_element_wise(table["uri"], table["etag"], ',
                'join_element_wise(table["uri"], table["uri"], ',
            ),
        ),
        stage=RAN_CHANGED,
        says="computed",
        mode="interactive",
    ),
    Fault(
        name="names of folders travel in the locale's letters",
        edits=(
            Edit(
                "infra/job_settings.py",
                '            *sent(("--train-folder", self.train_folder)),\n',
                '            *("--train-folder", self.train_folder),\n',
            ),
        ),
        stage=RAN,
        says="has lost letters on its way here",
        values=("train_folder=Entraînement",),
        train_folder="Entraînement",
    ),
)
