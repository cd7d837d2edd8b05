"""A trace reader of your own: of the file jobs.csv here, a table with the columns user, start (2017-10-09 07:01:55), hours, gpus."""

import mlplat as mp


class LabReader(mp.traces.TableReader):
    name, summary, required, calendar = "lab", "jobs of our lab", ("user", "start", "hours", "gpus"), True

    def jobs(self, table):
        times = {"submit": table.moments("start"), "duration": table.seconds("hours") * 3600}
        return times | {"gpus": table.integers("gpus", low=1), "group": table.texts("user")}


if __name__ == "__main__":
    print(mp.traces.describe(mp.read_trace("jobs.csv", format=LabReader())))
