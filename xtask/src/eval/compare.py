"""The tasks of the evaluation in scikit-learn, with its defaults; prints a Markdown table.

Usage: compare.py FOLDER. Used by `make eval` when Python has scikit-learn; the product does not
need it. Categories become integers by first appearance, thresholds are 0.5.
"""

import csv
import io
import subprocess
import sys
import time

import numpy
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import f1_score, recall_score, roc_auc_score
from sklearn.model_selection import GroupKFold, train_test_split

FOLDER = sys.argv[1]


def rows(name):
    text = subprocess.run(["zstd", "-dcq", f"{FOLDER}/{name}"], check=True, capture_output=True).stdout
    return list(csv.reader(io.StringIO(text.decode("utf-8", "replace"))))


def numbers(table, codes):
    """Columns as numbers; words get the next free number of their column."""
    out = numpy.empty((len(table), len(table[0])))
    for at in range(out.shape[1]):
        column = codes.setdefault(at, {})
        for line, row in enumerate(table):
            try:
                out[line, at] = float(row[at])
            except ValueError:
                out[line, at] = column.setdefault(row[at], len(column))
    return numpy.nan_to_num(out, nan=0, posinf=1e30, neginf=-1e30)


def judge(name, model, train, test):
    began = time.time()
    model.fit(*train)
    fit = time.time() - began
    scores = model.predict_proba(test[0])[:, 1]
    truth, said = test[1], scores >= 0.5
    print(
        f"| {name} | {type(model).__name__} | {numpy.mean(truth == said):.2%} | {recall_score(truth, said):.2%} "
        f"| {numpy.mean(said[truth == 0]):.2%} | {f1_score(truth, said):.2%} | {roc_auc_score(truth, scores):.4f} | {fit:.1f} s |",
        flush=True,
    )


def models():
    yield HistGradientBoostingClassifier(random_state=0)
    yield RandomForestClassifier(100, random_state=0, n_jobs=-1)


print("| records | model | accuracy | recall | false positives | F1 | ROC-AUC | fit |\n|---|---|---|---|---|---|---|---|")

codes = {}
nsl = {}
for part in ["KDDTrain+", "KDDTest+", "KDDTest-21"]:
    table = rows(f"nsl-kdd/{part}.txt.zst")
    truth = numpy.array([row[41] != "normal" for row in table], dtype=int)
    nsl[part] = (numbers([row[:41] for row in table], codes), truth)
values, truth = nsl["KDDTrain+"]
a, b, c, d = train_test_split(values, truth, test_size=0.2, random_state=0, stratify=truth)
for model in models():
    judge("NSL-KDD: KDDTrain+ 80/20", model, (a, c), (b, d))
for part in ["KDDTest+", "KDDTest-21"]:
    for model in models():
        judge(f"NSL-KDD: {part}", model, nsl["KDDTrain+"], nsl[part])

table = rows("unsw-nb15/unsw_nb15_dev.csv.zst")[1:]
values = numbers([row[1:43] for row in table], {})
truth = numpy.array([int(row[44]) for row in table])
groups = numpy.unique(values, axis=0, return_inverse=True)[1].ravel()
for model in models():
    train, test = next(GroupKFold(5).split(values, truth, groups))
    judge("UNSW-NB15 part: first of 5 folds", model, (values[train], truth[train]), (values[test], truth[test]))

table = rows("other-flows/cicids2017_tuesday_bruteforce.csv.zst")[1:]
values = numbers([row[:-1] for row in table], {})
truth = numpy.array([row[-1].strip() != "BENIGN" for row in table], dtype=int)
a, b, c, d = train_test_split(values, truth, test_size=0.3, random_state=0, stratify=truth)
for model in models():
    judge("CICIDS2017 Tuesday 70/30", model, (a, c), (b, d))
