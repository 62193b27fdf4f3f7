"""Mapping room (変換設定): people's YAML becomes checked functions between our nouns and other people's files.

The door of the room; adapters import from here only. Everything is compiled when it is loaded, and loading
tells every problem of every file at once (`errors.Misconfigured`). Nothing a user wrote is ever evaluated:
the vocabulary is closed (README of `mappings/`). One bad item is held, its neighbours go on.

  load_tables(folder) -> Tables                 mappings/tables/*.yaml: payment, carrier, time slot, characters, systems
  load_csv_writer(path, tables) -> CsvWriter    nouns -> machine file:  .header  .write(items) -> Written
  load_csv_reader(path, tables) -> CsvReader    machine file -> rows:   .read(name, body) -> list[Row]
  load_mail(path, tables) -> MailForm           noun -> notification:   .subject(order)  .text(order)
  load_profile(path) -> WarehouseProfile        names, folders and sender of a warehouse that speaks files
  load_api_profile(path) -> ApiProfile          how the answers of a warehouse with an API are read
  lint(folder) -> list[Problem]                 all of it, for `connector check`
"""

from __future__ import annotations

from connector.mapping.address import Placed, place, split
from connector.mapping.lint import lint
from connector.mapping.mail import MailForm, load_mail
from connector.mapping.profile import Sender, WarehouseProfile, load_profile
from connector.mapping.reader import CsvReader, Reading, load_csv_reader
from connector.mapping.sources import Completion, Instruction, Stop
from connector.mapping.table_files import load_tables
from connector.mapping.table_rows import Row, Table
from connector.mapping.table_text import Line
from connector.mapping.tables import CarrierRow, PaymentRow, Tables
from connector.mapping.text import Replacement, width
from connector.mapping.time_slot import TimeSlot
from connector.mapping.transforms import TRANSFORMS
from connector.mapping.unfit import Unfit
from connector.mapping.warehouse_api import ApiProfile, load_api_profile, speaks_by_api
from connector.mapping.writer import CsvWriter, Written, load_csv_writer

__all__ = [
    "TRANSFORMS",
    "ApiProfile",
    "CarrierRow",
    "Completion",
    "CsvReader",
    "CsvWriter",
    "Instruction",
    "Line",
    "MailForm",
    "PaymentRow",
    "Placed",
    "Reading",
    "Replacement",
    "Row",
    "Sender",
    "Stop",
    "Table",
    "Tables",
    "TimeSlot",
    "Unfit",
    "WarehouseProfile",
    "Written",
    "lint",
    "load_api_profile",
    "load_csv_reader",
    "load_csv_writer",
    "load_mail",
    "load_profile",
    "load_tables",
    "place",
    "speaks_by_api",
    "split",
    "width",
]
