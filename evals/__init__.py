"""Quality as a number: cases, metrics, runs. Asks the same `Assistant.ask` as everybody; knows no HTTP."""
