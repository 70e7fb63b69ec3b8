from pathlib import Path

BASE = Path(__file__).resolve().parents[2]
