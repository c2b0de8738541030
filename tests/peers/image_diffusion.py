"""A peer of podscale on images: conditional diffusion in pixel space by `diffusers`, trained on the same images for a given
processor time. A small U-net sees the bicubic interpolation and draws what HR has beyond it (as SRDiff, Li et al. 2022);
members by DDIM. Prints parameters, peak memory, seconds an image, PSNR of mean and member, CRPS and coverage, scored as
podscale-verify does. Torch is Debian's python3-torch or PyPI's, diffusers comes from PyPI into a virtual environment.
  image_diffusion.py [--venv DIR] [--seconds 300] [--members 4] [--steps 10] [--factor 4] [--train GLOB] [--test GLOB]
Exit: 0 done, 77 skipped, with the reason."""
import argparse
import glob
import math
import os
import pathlib
import resource
import subprocess
import sys
import time

IMAGES = pathlib.Path(__file__).resolve().parents[3] / "shared/data/images"
SCALE = 20.0  # grey levels: about the spread of what bicubic leaves
CROP, BATCH = 64, 8


def run(command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def skip(reason, result=None):
    detail = (result.stderr or result.stdout).strip().splitlines()[-1:] if result else []
    print("skipped: %s %s" % (reason, " ".join(detail)))
    sys.exit(77)


def make_venv(folder, *more):
    """With the packages of the system, where torch may be. more: modules that are needed beside it, named as their packages."""
    python, needed = folder / "bin" / "python", ", ".join(["import diffusers, torch, PIL", *more])
    if python.exists() and run([python, "-c", needed]).returncode == 0:
        return python
    made = run([sys.executable, "-m", "venv", "--system-site-packages", folder])
    if made.returncode != 0:
        skip("no virtual environment:", made)
    # The last that go with Debian's torch 1.13.
    packages = ["diffusers<0.28", "huggingface-hub<0.26", "pillow"]
    packages += [name for name in ["torch", *more] if run([python, "-c", "import " + name]).returncode != 0]
    try:
        installed = run([python, "-m", "pip", "install", "--quiet", "--retries", "1", *packages], timeout=900)
    except subprocess.TimeoutExpired:
        skip("diffusers could not be installed in 900 s")
    if installed.returncode != 0:
        skip("diffusers could not be installed:", installed)
    found = run([python, "-c", needed])
    if found.returncode != 0:
        skip("diffusers is installed but does not start:", found)
    return python


def resize_matrix(n, m):
    """[m][n]: Keys' cubic from n to m points, widened where m < n, mirrored at the edge, as MATLAB's imresize."""
    import numpy as np
    ratio = m / n
    wide = max(1.0, 1 / ratio)
    centre = (np.arange(m) + 0.5) / ratio - 0.5
    taps = np.floor(centre[:, None] - 2 * wide).astype(int) + np.arange(int(4 * wide) + 3)[None]
    x = np.abs(centre[:, None] - taps) / wide
    w = np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))
    w /= w.sum(1, keepdims=True)
    mirrored = taps % (2 * n)
    mirrored = np.where(mirrored < n, mirrored, 2 * n - 1 - mirrored)
    matrix = np.zeros((m, n))
    np.add.at(matrix, (np.arange(m)[:, None], mirrored), w)
    return matrix


def resize(plane, ny, nx):
    return resize_matrix(plane.shape[0], ny) @ plane @ resize_matrix(plane.shape[1], nx).T


def read_pair(path, factor):
    """HR luma of whole LR cells, and the bicubic interpolation of its LR."""
    import numpy as np
    from PIL import Image
    picture = Image.open(path)
    values = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"), float)
    luma = values if values.ndim == 2 else np.round(16 + values @ np.array([65.481, 128.553, 24.966]) / 255)
    ny, nx = (n // factor * factor for n in luma.shape)
    luma = luma[:ny, :nx]
    lr = np.clip(np.round(resize(luma, ny // factor, nx // factor)), 0, 255)
    return luma.astype(np.float32), resize(lr, ny, nx).astype(np.float32)


def make_network(threads):
    import torch
    from diffusers import UNet2DModel
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    return UNet2DModel(sample_size=CROP, in_channels=2, out_channels=1, layers_per_block=1, norm_num_groups=8,
                       block_out_channels=(24, 48, 64), down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3,
                       add_attention=False)


def train(network, pairs, seconds):
    import numpy as np
    import torch
    from diffusers import DDPMScheduler
    noise_scheduler = DDPMScheduler(1000, prediction_type="v_prediction", beta_schedule="squaredcos_cap_v2")
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    average = [p.detach().clone() for p in network.parameters()]
    random, steps, begin = np.random.default_rng(1), 0, time.process_time()
    while (spent := time.process_time() - begin) < seconds:
        for group in optimizer.param_groups:  # warm-up and cosine over the budget
            group["lr"] = 1e-3 * min(1, (steps + 1) / 50) * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * spent / seconds)))
        crops = []
        for _ in range(BATCH):
            hr, low = pairs[random.integers(len(pairs))]
            y, x = (random.integers(n - CROP + 1) for n in hr.shape)
            both = np.stack([(hr - low)[y:y + CROP, x:x + CROP] / SCALE, low[y:y + CROP, x:x + CROP] / 127.5 - 1])
            both = np.rot90(both, random.integers(4), (1, 2))
            crops.append(both[:, :, ::-1] if random.integers(2) else both)
        batch = torch.from_numpy(np.stack(crops).astype(np.float32))
        clean, low = batch[:, :1], batch[:, 1:]
        noise, at = torch.randn(clean.shape), torch.randint(0, 1000, (BATCH,))
        seen = torch.cat([noise_scheduler.add_noise(clean, noise, at), low], 1)
        loss = (network(seen, at).sample - noise_scheduler.get_velocity(clean, noise, at)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        steps += 1
        decay = min(0.995, steps / (steps + 10))
        with torch.no_grad():
            for kept, p in zip(average, network.parameters()):
                kept.mul_(decay).add_(p, alpha=1 - decay)
        if steps % 100 == 0:
            print("  step %d, %.0f s of %.0f, loss %.4f" % (steps, spent, seconds, loss.item()), flush=True)
    with torch.no_grad():
        for kept, p in zip(average, network.parameters()):
            p.copy_(kept)
    return steps


def draw(network, low, members, steps):
    """Members [members][ny][nx] of one image."""
    import numpy as np
    import torch
    from diffusers import DDIMScheduler
    ny, nx = low.shape
    seen = np.pad(low, ((0, -ny % 8), (0, -nx % 8)), mode="symmetric")
    condition = torch.from_numpy(seen / 127.5 - 1)[None, None]
    scheduler = DDIMScheduler(1000, prediction_type="v_prediction", beta_schedule="squaredcos_cap_v2", clip_sample=False)
    scheduler.set_timesteps(steps)
    result = []
    with torch.no_grad():
        for member in range(members):
            x = torch.randn(condition.shape, generator=torch.Generator().manual_seed(member))
            for at in scheduler.timesteps:
                x = scheduler.step(network(torch.cat([x, condition], 1), at).sample, at, x).prev_sample
            result.append(low + SCALE * x[0, 0, :ny, :nx].numpy())
    return np.stack(result)


def score(members, truth, border):
    """PSNR of mean and member, fair CRPS, RMSE, coverage of 50 and 90 % of the Gaussian of the members."""
    import numpy as np
    inner = (slice(border, -border),) * 2
    x, y = members[(slice(None), *inner)].astype(float), truth[inner].astype(float)
    mean, std, count = x.mean(0), x.std(0, ddof=1) * math.sqrt(1 + 1 / len(x)), len(x)

    def psnr(plane):
        return 10 * np.log10(255**2 / np.square(np.clip(np.round(plane), 0, 255) - y).mean())
    apart = sum(np.abs(x[i] - x[j]) for i in range(count) for j in range(i)) / (count * (count - 1))
    crps = (np.abs(x - y).mean(0) - apart).mean()
    z = np.abs(y - mean) / np.maximum(std, 1e-6)
    return [psnr(mean), np.mean([psnr(m) for m in x]), crps, np.sqrt(np.square(mean - y).mean()), (z < 0.6745).mean(),
            (z < 1.6449).mean()]


def main(options):
    import numpy as np
    train_files, test_files = sorted(glob.glob(options.train)), sorted(glob.glob(options.test))
    if not train_files or not test_files:
        skip("no images at %s or %s" % (options.train, options.test))
    network = make_network(options.threads)
    print("%d parameters, %d images to train, %d to test" % (sum(p.numel() for p in network.parameters()), len(train_files),
                                                              len(test_files)), flush=True)
    steps = train(network, [read_pair(path, options.factor) for path in train_files], options.seconds)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("%d steps of %d crops of %d x %d points, peak memory %.0f MiB" % (steps, BATCH, CROP, CROP, after), flush=True)
    rows, begin = [], time.process_time()
    for path in test_files:
        truth, low = read_pair(path, options.factor)
        rows.append(score(draw(network, low, options.members, options.steps), truth, options.factor))
        print("  %-24s" % os.path.basename(path), " ".join("%8.3f" % v for v in rows[-1]), flush=True)
    seconds = (time.process_time() - begin) / len(test_files)
    print("%.1f s of processor time an image, %d members of %d steps, peak memory %.0f MiB"
          % (seconds, options.members, options.steps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    names = ["PSNR", "member", "CRPS", "RMSE", "cov50", "cov90"]
    print("  ".join("%s %.3f" % pair for pair in zip(names, np.mean(rows, 0))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/peers_venv"))
    parser.add_argument("--seconds", type=float, default=300, help="processor time of the training")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10, help="of DDIM")
    parser.add_argument("--factor", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--train", default=str(IMAGES / "train_bsds400/*[0-8].jpg"))
    parser.add_argument("--test", default=str(IMAGES / "set5/*"))
    arguments = parser.parse_args()
    if os.environ.get("PODSCALE_PEER_VENV") != "1":
        # Members need two at least for a spread.
        if arguments.members < 2:
            parser.error("--members: expected 2 or more")
        python = make_venv(arguments.venv.resolve())
        sys.exit(subprocess.run([str(python), *sys.argv], env=dict(os.environ, PODSCALE_PEER_VENV="1")).returncode)
    main(arguments)
