"""Peers of podscale on sea surface temperature: conditional diffusion trained on the same days for a given processor time.
  unet    in pixel space: a U-net of `diffusers` sees the interpolated LR anomalies and draws what HR has beyond them
  podiff  on the coefficients of one POD of the whole region, by a perceptron (PODiff, arXiv 2605.03399)
Both see the LR anomalies of the same lags as namelists/tasman.nml, and keep the weights of the least validation loss.
Prints parameters, peak memory, processor time a field, and the scores of members, of the interpolated LR anomaly (bilinear)
and of the products named by --product, all by the same code on the same days and points. Torch is Debian's python3-torch or
PyPI's, diffusers comes from PyPI into a virtual environment.
  sst_diffusion.py unet|podiff [--venv DIR] [--seconds 180] [--members 24] [--steps 20] [--every 5] [--product FILE ...]
Exit: 0 done, 77 skipped, with the reason."""
import argparse
import math
import os
import pathlib
import resource
import subprocess
import sys
import time

from image_diffusion import make_venv, skip

DATA = pathlib.Path(__file__).resolve().parents[3] / "shared/data/oisst_tasman"
PERIODS = {"train": "1982-2007", "validate": "2008-2009", "test": "2010-2011"}
FACTOR, LAGS, HARMONICS, MODES, RATE = 8, (-10, -5, 0, 5, 10), 3, 64, 1e-3


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Case:
    """Anomalies over the harmonics of the training years, HR and LR, and the LR ones on the HR points."""

    def __init__(self):
        import netCDF4
        import numpy as np
        self.time, fields = {}, {}
        for name, years in PERIODS.items():
            path = DATA / ("sst_day_%s.nc" % years)
            if not path.exists():
                skip("no data at %s" % path)
            with netCDF4.Dataset(path) as file:
                self.time[name] = np.asarray(file["time"][:], float)
                fields[name] = np.ma.filled(file["sst"][:].astype(float), np.nan)
                latitude = np.asarray(file["lat"][:], float)
        self.ocean = np.isfinite(fields["train"]).all(0)
        self.weight = np.where(self.ocean, np.cos(np.radians(latitude))[:, None], 0.0)
        self.shape = self.ocean.shape
        coarse = {name: self.coarsen(values) for name, values in fields.items()}
        fit, fit_lr = (self.harmonics(self.time["train"], values["train"]) for values in (fields, coarse))
        self.hr, self.lr, self.low, self.climatology = {}, {}, {}, {}
        for name in PERIODS:
            self.climatology[name] = self.at(self.time[name], fit)
            self.hr[name] = np.where(self.ocean, fields[name] - self.climatology[name], 0.0).astype(np.float32)
            anomaly = coarse[name] - self.at(self.time[name], fit_lr)
            self.lr[name] = np.where(np.isfinite(anomaly), anomaly, 0.0).astype(np.float32)
            self.low[name] = self.interpolate(self.lr[name])

    def coarsen(self, fields):
        import numpy as np
        ny, nx = (n // FACTOR for n in self.shape)
        over = (np.where(self.ocean, fields, 0.0) * self.weight).reshape(len(fields), ny, FACTOR, nx, FACTOR).sum((2, 4))
        area = self.weight.reshape(ny, FACTOR, nx, FACTOR).sum((1, 3))
        return np.divide(over, area, out=np.full(over.shape, np.nan), where=area > 0)

    @staticmethod
    def waves(days):
        import numpy as np
        angle = 2 * np.pi * np.asarray(days)[:, None] / 365.2425 * np.arange(1, HARMONICS + 1)
        return np.concatenate([np.ones((len(days), 1)), np.cos(angle), np.sin(angle)], 1)

    def harmonics(self, days, fields):
        import numpy as np
        flat = np.nan_to_num(fields.reshape(len(days), -1))
        return np.linalg.lstsq(self.waves(days), flat, rcond=None)[0].reshape((-1, *fields.shape[1:]))

    def at(self, days, fit):
        import numpy as np
        return np.tensordot(self.waves(days), fit, 1)

    def interpolate(self, coarse):
        """Bilinear, the nearest beyond the outermost centres."""
        import numpy as np

        def matrix(n):
            place = np.clip((np.arange(n) + 0.5) / FACTOR - 0.5, 0, n // FACTOR - 1)
            first = np.minimum(place.astype(int), n // FACTOR - 2)
            result = np.zeros((n, n // FACTOR))
            result[np.arange(n), first] = 1 - (place - first)
            result[np.arange(n), first + 1] = place - first
            return result
        rows, columns = matrix(self.shape[0]), matrix(self.shape[1])
        return np.where(self.ocean, np.einsum("yj,tji,xi->tyx", rows, coarse, columns), 0.0).astype(np.float32)

    def days(self, name):
        """Steps with all lags."""
        return range(-LAGS[0], len(self.time[name]) - LAGS[-1])


class UnetPeer:
    """State: what HR has beyond the LR anomaly, in pixels; condition: LR anomalies of all lags, ocean or land."""

    def __init__(self, case):
        import torch
        from diffusers import UNet2DModel
        self.case, self.ocean = case, torch.tensor(case.ocean)
        self.network = UNet2DModel(sample_size=case.shape[0], in_channels=2 + len(LAGS), out_channels=1, layers_per_block=1,
                                   norm_num_groups=8, block_out_channels=(24, 48, 64),
                                   down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3,
                                   add_attention=False)
        self.scale = float((case.hr["train"] - case.low["train"])[:, case.ocean].std())
        self.spread = float(case.low["train"][:, case.ocean].std())

    def condition(self, name, days):
        import numpy as np
        import torch
        case = self.case
        planes = [case.low[name][days + lag] / self.spread for lag in LAGS]
        planes.append(np.broadcast_to(case.ocean.astype(np.float32), planes[0].shape))
        return torch.from_numpy(np.stack(planes, 1).astype(np.float32))

    def clean(self, name, days):
        import torch
        return torch.from_numpy((self.case.hr[name][days] - self.case.low[name][days])[:, None] / self.scale)

    def velocity(self, x, condition, at):
        import torch
        return self.network(torch.cat([x, condition], 1), at).sample * self.ocean

    def fields(self, name, days, state):
        return self.case.low[name][days] + self.scale * state[:, 0].numpy()

    def truncation(self):
        return 0.0


class PodiffPeer:
    """State: whitened coefficients of one POD of the region; condition: LR anomalies of all cells and lags."""

    def __init__(self, case):
        import numpy as np
        import torch
        self.case = case
        flat = case.hr["train"][:, case.ocean].astype(float)
        root = np.sqrt(case.weight[case.ocean])
        _, singular, modes = np.linalg.svd(flat * root, full_matrices=False)
        self.decoder = modes[:MODES] / root  # to points
        self.encoder = (modes[:MODES] * root).T
        self.scale = singular[:MODES] / math.sqrt(len(flat))
        self.left_out = np.zeros(case.shape)
        self.left_out[case.ocean] = np.square(flat - flat @ self.encoder @ self.decoder).mean(0)
        self.spread = float(case.lr["train"].std())
        cells = case.lr["train"][0].size * len(LAGS)

        class Perceptron(torch.nn.Module):
            def __init__(self, width=256, layers=3):
                super().__init__()
                self.embed = torch.nn.Linear(MODES + cells + 32, width)
                self.layers = torch.nn.ModuleList(
                    torch.nn.Sequential(torch.nn.LayerNorm(width), torch.nn.Linear(width, width), torch.nn.GELU(),
                                        torch.nn.Linear(width, width)) for _ in range(layers))
                self.last = torch.nn.Linear(width, MODES)

            def forward(self, x, condition, at):
                turns = at.float()[:, None] / 1000 * torch.pow(2.0, torch.arange(16) * 0.5)
                h = self.embed(torch.cat([x, condition, torch.sin(turns), torch.cos(turns)], 1))
                for layer in self.layers:
                    h = h + layer(h)
                return self.last(h)
        self.network = Perceptron()

    def condition(self, name, days):
        import numpy as np
        import torch
        parts = [self.case.lr[name][days + lag].reshape(len(days), -1) / self.spread for lag in LAGS]
        return torch.from_numpy(np.concatenate(parts, 1).astype(np.float32))

    def clean(self, name, days):
        import numpy as np
        import torch
        return torch.from_numpy((self.case.hr[name][days][:, self.case.ocean] @ self.encoder / self.scale).astype(np.float32))

    def velocity(self, x, condition, at):
        return self.network(x, condition, at)

    def fields(self, name, days, state):
        import numpy as np
        result = np.zeros((len(days), *self.case.shape))
        result[:, self.case.ocean] = state.numpy() * self.scale @ self.decoder
        return result

    def truncation(self):
        return self.left_out


def scheduler():
    from diffusers import DDIMScheduler
    return DDIMScheduler(1000, prediction_type="v_prediction", beta_schedule="squaredcos_cap_v2", clip_sample=False)


def loss_of(peer, process, name, days, noise, at):
    clean = peer.clean(name, days)
    x = process.add_noise(clean, noise, at)
    return (peer.velocity(x, peer.condition(name, days), at) - process.get_velocity(clean, noise, at)).square().mean()


def train(peer, case, seconds, batch):
    """AdamW with warm-up and cosine over the processor time; the moving average of least validation loss is kept."""
    import numpy as np
    import torch
    process, random = scheduler(), np.random.default_rng(1)
    parameters = list(peer.network.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.1)
    average = [p.detach().clone() for p in parameters]
    judged = np.linspace(case.days("validate")[0], case.days("validate")[-1], 128).astype(int)
    fixed = torch.Generator().manual_seed(2)
    judge_noise = torch.randn(peer.clean("validate", judged).shape, generator=fixed)
    judge_at = torch.linspace(0, 999, len(judged)).long()[torch.randperm(len(judged), generator=fixed)]
    best, kept, kept_step, steps, next_judgement = math.inf, average, 0, 0, seconds / 20
    begin = time.process_time()
    while (spent := time.process_time() - begin) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (steps + 1) / 50) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent / seconds)))
        days = random.integers(case.days("train")[0], case.days("train")[-1] + 1, batch)
        at = torch.randint(0, 1000, (batch,))
        loss = loss_of(peer, process, "train", days, torch.randn((batch, *judge_noise.shape[1:])), at)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        steps += 1
        decay = min(0.995, steps / (steps + 10))
        with torch.no_grad():
            for mean, p in zip(average, parameters):
                mean.mul_(decay).add_(p, alpha=1 - decay)
        if spent < next_judgement:
            continue
        next_judgement += seconds / 20
        with torch.no_grad():
            own = [p.clone() for p in parameters]
            for p, mean in zip(parameters, average):
                p.copy_(mean)
            judgement = loss_of(peer, process, "validate", judged, judge_noise, judge_at).item()
            for p, value in zip(parameters, own):
                p.copy_(value)
        if judgement < best:
            best, kept, kept_step = judgement, [mean.clone() for mean in average], steps
        print("  step %d, %.0f s of %.0f, loss %.4f, validation %.4f" % (steps, spent, seconds, loss.item(), judgement),
              flush=True)
    with torch.no_grad():
        for p, value in zip(parameters, kept):
            p.copy_(value)
    return steps, kept_step


def draw(peer, days, members, steps):
    """Members [members][days][ny][nx], anomalies of the test period."""
    import numpy as np
    import torch
    process, result = scheduler(), []
    process.set_timesteps(steps)
    condition = peer.condition("test", days)
    with torch.no_grad():
        for member in range(members):
            x = torch.randn(peer.clean("test", days).shape, generator=torch.Generator().manual_seed(member))
            for at in process.timesteps:
                x = process.step(peer.velocity(x, condition, at.repeat(len(days))), at, x).prev_sample
            result.append(peer.fields("test", days, x))
    return np.stack(result)


def score(case, days, mean, variance=None, members=None):
    """RMSE, CRPS of the Gaussian (mean absolute error without a variance), fair CRPS, coverage of 50 and 90 %."""
    import numpy as np
    truth = case.hr["test"][days].astype(float)
    weight = np.broadcast_to(case.weight, truth.shape) / case.weight.sum() / len(days)

    def total(values):
        return float((np.where(case.ocean, values, 0.0) * weight).sum())
    error = np.abs(truth - mean)
    row = {"RMSE": math.sqrt(total(error**2)), "CRPS": total(error)}
    if variance is not None:
        erf = np.vectorize(math.erf, otypes=[float])
        std = np.sqrt(np.where(case.ocean, np.maximum(variance, 1e-12), 1.0))
        z = error / std
        row["CRPS"] = total(std * (z * erf(z / math.sqrt(2)) + math.sqrt(2 / math.pi) * np.exp(-z**2 / 2) - 1 / math.sqrt(math.pi)))
        row["cov50"], row["cov90"] = total(z < 0.67449), total(z < 1.64485)
    if members is not None:
        n = len(members)
        apart = sum(np.abs(members[i] - members[j]) for i in range(n) for j in range(i)) / (n * (n - 1))
        row["fair CRPS"] = total(np.abs(members - truth).mean(0) - apart)
    return row


def show(name, row):
    print("%-28s" % name, "  ".join("%s %.4f" % pair for pair in row.items()), flush=True)


def product_row(case, days, path):
    import netCDF4
    import numpy as np
    with netCDF4.Dataset(path) as file:
        mean = np.ma.filled(file["sst"][:].astype(float), np.nan)
        variance = np.square(np.ma.filled(file["sst_std"][:].astype(float), np.nan))
    if len(mean) != len(case.time["test"]):
        raise SystemExit("%s has %d times, expected the %d days of the test period" % (path, len(mean), len(case.time["test"])))
    return score(case, days, mean[days] - case.climatology["test"][days], variance[days])


def main(options):
    import numpy as np
    import torch
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    case = Case()
    peer = {"unet": UnetPeer, "podiff": PodiffPeer}[options.method](case)
    days = np.arange(case.days("test")[0], case.days("test")[-1] + 1, options.every)
    print("%s: %d parameters; %d days to train, %d to test" % (
        options.method, sum(p.numel() for p in peer.network.parameters()), len(case.days("train")), len(days)), flush=True)
    before = megabytes()
    steps, kept = train(peer, case, options.seconds, options.batch)
    print("%d steps of %d days, weights of step %d kept, peak memory %.0f MiB (%.0f before the training)" % (
        steps, options.batch, kept, megabytes(), before), flush=True)
    begin, parts = time.process_time(), []
    for first in range(0, len(days), 16):
        parts.append(draw(peer, days[first:first + 16], options.members, options.steps))
    seconds = (time.process_time() - begin) / len(days)
    members = np.concatenate(parts, 1)
    print("%.2f s of processor time a field, %d members of %d steps, peak memory %.0f MiB" % (
        seconds, options.members, options.steps, megabytes()))
    show("bilinear of the anomaly", score(case, days, case.low["test"][days]))
    # The variance of one more draw about the mean of so many.
    variance = members.var(0, ddof=1) * (1 + 1 / len(members)) + peer.truncation()
    show(options.method, score(case, days, members.mean(0), variance, members))
    for path in options.product:
        show(path, product_row(case, days, path))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=["unet", "podiff"])
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/peers_venv"))
    parser.add_argument("--seconds", type=float, default=180, help="processor time of the training")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--members", type=int, default=24)
    parser.add_argument("--steps", type=int, default=20, help="of DDIM")
    parser.add_argument("--every", type=int, default=5, help="days of the test period from one that is scored to the next")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--product", nargs="*", default=[], help="products of the same period to score likewise")
    arguments = parser.parse_args()
    if os.environ.get("PODSCALE_PEER_VENV") != "1":
        if arguments.members < 2:
            parser.error("--members: expected 2 or more")
        python = make_venv(arguments.venv.resolve(), "netCDF4")
        sys.exit(subprocess.run([str(python), *sys.argv], env=dict(os.environ, PODSCALE_PEER_VENV="1")).returncode)
    main(arguments)
