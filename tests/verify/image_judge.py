"""An outside judge of pictures and scores: scikit-image, with the readers and writers that it brings along, must read the
same luma and chroma and find the same PSNR and SSIM.
Usage: image_judge.py VENV DUMP_PROGRAM      Exit: 0 agree, 1 differ, 77 skipped."""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import outside_judge
from outside_judge import run


def judge(arguments):
    import numpy as np
    import tifffile
    from PIL import Image
    from skimage.color import rgb2ycbcr
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    (program,) = arguments
    random = np.random.default_rng(1)
    ny, nx = 37, 52
    y, x = np.mgrid[:ny, :nx]
    smooth = [128 + 90 * np.sin(0.2 * x + c) * np.cos(0.15 * y - c) for c in range(3)]
    colour = np.clip(np.round(np.stack(smooth, -1) + random.normal(0, 8, (ny, nx, 3))), 0, 255).astype(np.uint8)
    other = np.clip(np.round(colour + random.normal(0, 12, colour.shape)), 0, 255).astype(np.uint8)
    deep = random.integers(0, 65536, (ny, nx)).astype(np.uint16)
    real = (273 + random.normal(0, 3, (ny, nx))).astype(np.float32)
    wrong = []

    def expect(what, found, expected, most):
        difference = np.abs(np.asarray(found, float) - np.asarray(expected, float)).max()
        if not difference <= most:
            wrong.append("%s: differs by %g, expected at most %g" % (what, difference, most))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cases = []  # path, image as the judge reads it, most difference of luma

        def case(name, image, most=0.0, **options):
            path = folder / name
            if name.endswith(".tif"):
                tifffile.imwrite(path, image, **options)
                cases.append((path, tifffile.imread(path), most))
            else:
                picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
                picture.save(path, **options)
                read = Image.open(path)
                cases.append((path, np.asarray(read.convert("RGB") if read.mode == "P" else read), most))

        case("a.png", colour)
        case("b.png", other)
        case("deep.png", deep, 1e-4)
        case("grey.png", colour[..., 0])
        case("palette.png", Image.fromarray(colour).quantize(200))
        case("c.bmp", colour)
        case("grey.bmp", colour[..., 1])
        case("c.jpg", colour, 1.0, quality=92)  # readers may round the inverse transform otherwise
        case("c.tif", colour, photometric="rgb")
        case("deflate.tif", colour, photometric="rgb", compression="zlib", predictor=True)
        case("tiles.tif", deep, 1e-4, tile=(16, 32), compression="zlib")
        case("real.tif", real, 1e-3, tile=(16, 16))
        case("planes.tif", np.ascontiguousarray(np.moveaxis(colour, -1, 0)).astype(np.uint16) * 257, 1e-4,
             photometric="rgb", planarconfig="separate")
        dumped = run([program, folder] + [path for path, _, _ in cases], timeout=60)
        if dumped.returncode != 0:
            sys.exit("the program ended with %d: %s" % (dumped.returncode, dumped.stderr))
        lumas = []
        for number, (path, image, most) in enumerate(cases):
            if path.name == "planes.tif":
                image = np.moveaxis(image, 0, -1) / 257.0
            luma = np.fromfile(folder / ("%d.f32" % number), np.float32).reshape(ny, nx).astype(float)
            lumas.append(luma)
            if image.ndim == 3:
                expected = rgb2ycbcr(image / 255.0)
                if image.dtype == np.uint8:
                    expected = np.round(expected)
                for plane, name in ((1, "cb"), (2, "cr")):
                    chroma = np.fromfile(folder / ("%d_%s.f32" % (number, name)), np.float32).reshape(ny, nx)
                    expect("%s of %s" % (name, path.name), chroma, expected[..., plane], max(most, 1e-4))
                expected = expected[..., 0]
            elif image.dtype == np.float32:
                expected = 255 * (image.astype(float) - image.min()) / (float(image.max()) - image.min())
            else:
                expected = image * (255.0 / np.iinfo(image.dtype).max)
            expect("luma of " + path.name, luma, expected, max(most, 1e-4))
        psnr, ssim = (float(word) for word in dumped.stdout.split())
        a, b = lumas[:2]
        expect("PSNR", psnr, peak_signal_noise_ratio(a, b, data_range=255), 1e-9)
        expect("SSIM", ssim, structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5,
                                                   use_sample_covariance=False), 1e-9)
        expect("a PNG that podscale wrote", np.asarray(Image.open(folder / "copy.png")), colour, 0)
    if wrong:
        sys.exit("\n".join(wrong))
    print("agrees on %d pictures; PSNR %.4f, SSIM %.6f" % (len(cases), psnr, ssim))


if __name__ == "__main__":
    outside_judge.main(__file__, judge, "scikit-image", "skimage")
