#!/usr/bin/env python3
"""Times in PyTorch what `tenzan bench` measures, and sets it beside the JSON of a run of that.

Times are medians after a warm-up, from the call to the end of the work (a clock, and a synchronisation behind each run), as `tenzan
bench` takes them; CUDA events around the work, which leave out the call, are kept beside them. Inputs are random.
"""

import argparse
import json
import math
import statistics
import sys
import time

try:
    import torch
except ImportError as missing:
    print(f"python3 has no PyTorch: {missing}")
    sys.exit(2)

MILLION = 1_000_000


def works(device, scale):
    """Name, size, the work, and what its rate counts: operations, bytes or samples, for each row of the benchmark."""
    generator = torch.Generator(device="cpu").manual_seed(20_260_101)

    def draw(*shape, dtype=torch.float32):
        return torch.rand(*shape, generator=generator, dtype=dtype).mul(2).sub(1).to(device)

    for n in (256, 512, 1024, 2048):
        n = max(16, n // scale)
        a, b = draw(n, n), draw(n, n)
        yield "matmul f32", n, lambda a=a, b=b: a @ b, 2.0 * n**3
    n = 1024 // scale
    a, b = draw(n, n, dtype=torch.float64), draw(n, n, dtype=torch.float64)
    yield "matmul f64", n, lambda a=a, b=b: a @ b, 2.0 * n**3
    n = 10 * MILLION // scale
    x, y = draw(n), draw(n)
    yield "copy (-x)", n, lambda: -x, 8.0 * n
    yield "add x + y", n, lambda: x + y, 12.0 * n
    yield "triad x + 3y", n, lambda: x + 3 * y, 12.0 * n
    yield "sum", n, lambda: x.sum(), 4.0 * n
    yield "tanh(x * y) + x", n, lambda: torch.tanh(x * y) + x, 12.0 * n
    yield "exp", n, lambda: torch.exp(x), 8.0 * n
    rows = 8192 // scale
    m = draw(rows, 1024)
    yield "softmax", rows, lambda: torch.softmax(m, 1), 8.0 * rows * 1024
    batch = max(1, 16 // scale)
    image, weights = draw(batch, 64, 56, 56), draw(64, 64, 3, 3)
    flops = 2.0 * batch * 64 * 56 * 56 * 64 * 9
    yield "convolution 3x3", batch, lambda: torch.nn.functional.conv2d(image, weights, padding=1), flops


def seconds(work, device):
    """The median time of a run with its synchronisation, and of the device's part of it."""
    finish = torch.cuda.synchronize if device == "cuda" else lambda: None
    begin = time.perf_counter()
    while time.perf_counter() - begin < 0.3:
        work()
        finish()
    times = []
    for _ in range(101 if device == "cuda" else 11):
        start = time.perf_counter()
        work()
        finish()
        times.append(time.perf_counter() - start)
    events = []
    if device == "cuda":
        for _ in range(51):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            work()
            end.record()
            end.synchronize()
            events.append(start.elapsed_time(end) * 1e-3)
    return statistics.median(times), statistics.median(events) if events else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--available", action="store_true", help="only say whether the device is there; exits with 2 where not")
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--scale", type=int, default=1, help="divides every size, to try the script")
    parser.add_argument("--json", help="where the figures go")
    parser.add_argument("--beside", help="the JSON of tenzan bench, for the ratios")
    parser.add_argument("--of", help="the device of that run, where it has several")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} finds no CUDA device")
        return 2
    if options.available:
        return 0
    # Tenzan's products are f32 throughout, so PyTorch's are too.
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    ours = {}
    if options.beside:
        with open(options.beside, encoding="utf-8") as file:
            for m in json.load(file)["measurements"]:
                if "seconds_median" in m and options.of in (None, m["device"]):
                    ours[m["name"], m["extent"]] = m["seconds_median"]
    rows = []
    with torch.no_grad():
        for name, extent, work, count in works(options.device, options.scale):
            t, on_device = seconds(work, options.device)
            row = {"name": name, "extent": extent, "seconds_median": t, "rate": count / t * 1e-9}
            if on_device is not None:
                row["device_seconds_median"] = on_device
            mine = ours.get((name, extent))
            if mine is not None:
                row["tenzan_seconds"] = mine
                row["ratio"] = t / mine
            rows.append(row)
            ratio = f"  Tenzan is {row['ratio']:.2f} times as fast" if mine is not None else ""
            print(f"{name:18} {extent:>9}  {t * 1e3:9.4f} ms  {row['rate']:8.1f} G/s{ratio}")
    ratios = [r["ratio"] for r in rows if "ratio" in r]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean of {len(ratios)} rows: Tenzan is {mean:.2f} times as fast; the least {min(ratios):.2f}, the most {max(ratios):.2f}")
    where = torch.cuda.get_device_name(0) if options.device == "cuda" else "cpu"
    if options.json:
        document = {"schema": "tenzan-pytorch", "schema_version": 1, "pytorch": torch.__version__, "device": where, "measurements": rows}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
