"""Folders that Spark writes, as objects whose names stay the same."""

from pathlib import Path

from job.storage.names import without_uuid
from job.storage.store import ResultStore


def put_folder(store: ResultStore, path: str, folder: Path) -> None:
    """Write the files of a local folder, as the only objects below a path; hidden ones are Hadoop's checksums.

    What Spark names anew each time gets a name that stays, so two runs at once write the same objects.
    """
    visible = (file for file in folder.rglob("[!.]*") if file.is_file())
    files = {f"{path}/{without_uuid(file.relative_to(folder).as_posix())}": file for file in visible}
    store.delete(set(store.paths(path)) - files.keys())
    for name, file in files.items():
        store.put(name, file.read_bytes())


def move_folder(store: ResultStore, source: str, path: str) -> None:
    """Move the objects below a path below another, as the only ones there, named as by `put_folder`."""
    objects = {f"{path}/{without_uuid(found.removeprefix(f'{source}/'))}": found for found in store.paths(source)}
    store.delete(set(store.paths(path)) - objects.keys())
    for name, found in objects.items():
        if not name.rpartition("/")[2].startswith("."):  # Hadoop's checksums
            store.put(name, store.get(found))
    store.delete(store.paths(source))
