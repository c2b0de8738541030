// Every key of every namelist: the parser, --help and doc/namelist.md have no other source.
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "podscale/config/namelist.hpp"

namespace podscale {
namespace {

constexpr double big = 1e9;  // upper end of a count: more is a slip of the pen
constexpr auto Int = KeyType::integer, Ints = KeyType::integers;
constexpr auto Real = KeyType::real, Reals = KeyType::reals, Logical = KeyType::logical;
constexpr auto Text = KeyType::text, Texts = KeyType::texts;

const std::pair<const char*, const char*> groups[] = {
    {"data", "The series: high resolution (HR), low resolution (LR), periods, truth and land mask."},
    {"grid", "How the LR field is brought to the HR grid, and how much is read at once."},
    {"patches", "The tiles of the HR grid and their POD bases."},
    {"basis", "The climatology that is taken off before the POD."},
    {"base",
     "The linear-Gaussian base: ridge regression on LR cells and its residual covariance (model.base = "
     "'gaussian')."},
    {"history", "HR analyses of some days before, that base and network are told of."},
    {"model", "The denoiser: a Vision Transformer over the tokens of the patches."},
    {"training", "AdamW over random samples, data-parallel over ranks, judged by the validation score."},
    {"sampling", "How members are drawn and what the uncertainty is made of."},
    {"regions", "Area means whose series, with standard deviation, are written beside the fields."},
    {"images", "Images in place of series; which keys of other groups they read: doc/images.md."},
    {"output", "Where the files of a study are, and what the product says of itself."},
    {"verify", "What podscale-verify writes."},
    {"ocean", "The synthetic ocean of podscale-ocean."},
};

// clang-format off
const std::vector<Key> table = {
    // group, name, type, default, unit, low, high, choices, help, count of a list
    {"data", "hr_files", Texts, "", "", 0, 0, "", "HR files for training: paths and globs, joined along time"},
    {"data", "hr_variable", Texts, "", "", 0, 0, "", "HR variables, one or more, of one mesh and the same times; none = the only one with time, latitude and longitude"},
    {"data", "lr_files", Texts, "", "", 0, 0, "", "LR files for training and downscaling (lr_source = 'files')"},
    {"data", "lr_variable", Texts, "", "", 0, 0, "", "LR variables, one for each HR variable, in the same order; none = the only one with time, latitude and longitude"},
    {"data", "units", Texts, "", "", 0, 0, "", "Units to work in, as UDUNITS knows them, for all variables or one each: HR and LR files are converted to them; none = those of the HR files"},
    {"data", "plausible", Reals, "", "data.units", -1e30, 1e30, "", "Lowest and highest value that can be true, a pair for each variable: values beyond are doubts; none = not checked"},
    {"data", "missing", Reals, "", "", -1e38, 1e38, "", "Numbers that mean 'no value' in the HR, LR and truth files, unpacked, beside those that the files name"},
    {"data", "doubts", Text, "'refuse'", "", 0, 0, "refuse|accept", "Values that can hardly be true (points that never change, fields of one number, numbers far from all others or outside plausible): an error, or a warning"},
    {"data", "lr_source", Text, "'files'", "", 0, 0, "files|coarsen", "'coarsen' makes the LR series from the HR files by ocean-weighted block mean"},
    {"data", "coarsen_factor", Int, "8", "HR points", 2, 4096, "", "Side of a block for lr_source = 'coarsen'"},
    {"data", "hr_stamps", Text, "'auto'", "", 0, 0, "auto|begin|middle|end|point", "Where in its day, month or other step an HR value is stamped, and a truth; 'auto' = by bounds, else cell_methods, else the day or month of the stamp"},
    {"data", "lr_stamps", Text, "'auto'", "", 0, 0, "auto|begin|middle|end|point", "The same of LR values"},
    {"data", "hr_average", Text, "'none'", "", 0, 0, "none|day|month", "Averages HR files, and truth, that are finer in time to days or months"},
    {"data", "lr_average", Text, "'none'", "", 0, 0, "none|day|month", "The same of LR files; with lr_source = 'coarsen' that is hr_average"},
    {"data", "lr_members", Text, "'auto'", "", 0, 0, "auto|files", "How LR files tell realizations apart: by an axis, a scalar coordinate or an attribute of theirs, or each file is one"},
    {"data", "lr_realization", Int, "-1", "", -1, 32767, "", "Realization of the LR files that trains, where they hold several; -1 = they hold one"},
    {"data", "lr_leads", Reals, "", "days", -1e5, 1e5, "", "Shortest and longest lead of the forecasts that train, where LR files are of forecasts; each valid time once; none = all", 2},
    {"data", "realizations", Ints, "", "", 0, 32767, "", "Realizations that are downscaled and verified; none = all"},
    {"data", "leads", Reals, "", "days", -1e5, 1e5, "", "Shortest and longest lead that is downscaled and verified; none = all", 2},
    {"data", "train", Texts, "", "date", 0, 0, "", "First and last day of the training period, 'YYYY-MM-DD', both inclusive", 2},
    {"data", "validate", Texts, "", "date", 0, 0, "", "First and last day of the validation period, which chooses penalty, season, weights and inflation", 2},
    {"data", "least_values", Real, "1", "", 0.02, 1, "", "Share of the times of train at which an HR point must have a value to be water. 1: a point with any gap is land. Below: points with gaps (clouds, ice, swaths) are kept, and what is missing is estimated from the values of its patch that are there and from LR"},
    {"data", "held_out", Real, "0.33", "", 0.05, 0.95, "", "Share of validate, of each stretch of about four months, that is held out from that, for coverage and conformal half widths"},
    {"data", "downscale", Texts, "", "date", 0, 0, "", "First and last day to downscale and verify", 2},
    {"data", "apply_files", Texts, "", "", 0, 0, "", "LR files to downscale in place of those of the training: a model, another analysis, on a mesh and in a calendar of its own; none = those of the training"},
    {"data", "apply_variable", Texts, "", "", 0, 0, "", "Variables of apply_files, one for each HR variable, in the same order; none = the only one with time, latitude and longitude"},
    {"data", "apply_stamps", Text, "'auto'", "", 0, 0, "auto|begin|middle|end|point", "As lr_stamps, of apply_files"},
    {"data", "apply_average", Text, "'none'", "", 0, 0, "none|day|month", "As lr_average, of apply_files"},
    {"data", "apply_reference", Texts, "", "date", 0, 0, "", "First and last day of the climatology of apply_files: years whose climate is that of train; none = train, where apply_files cover it", 2},
    {"data", "adapt", Text, "'variance'", "", 0, 0, "none|variance|quantile", "How anomalies of apply_files are matched to those of the training LR series: not, by their standard deviation in each cell and season, or by their quantiles too"},
    {"data", "signal_years", Real, "10", "years", 0, 1000, "", "The running mean of anomalies of apply_files over so many years is added to the mean as it is, and the rest downscaled; 0 = all is downscaled"},
    {"data", "truth_files", Texts, "", "", 0, 0, "", "HR files to verify against, and that calibration = 'running' learns from; none = hr_files"},
    {"data", "truth_variable", Texts, "", "", 0, 0, "", "Variables of truth_files, one for each HR variable; none = hr_variable"},
    {"data", "mask_file", Text, "''", "", 0, 0, "", "File with the HR land mask; '' = the first HR file, if mask_variable is set"},
    {"data", "mask_variable", Text, "''", "", 0, 0, "", "Land mask variable; '' = the only one of mask_file, or without that the mask follows from the HR data"},
    {"data", "mask_ocean_values", Ints, "", "", -2147483648.0, 2147483647.0, "", "Values of the mask variable that mean ocean; none = what its flag_meanings or its standard_name say (land_binary_mask, sea_area_fraction ...), else any but zero"},
    {"data", "mask_threshold", Real, "0.5", "", 0.01, 1, "", "Share of sea from which a point of a mask of shares is ocean"},

    {"grid", "interpolation", Text, "'auto'", "", 0, 0, "auto|bilinear|bicubic", "From the LR to the HR mesh, for the condition; 'auto' = bicubic where the LR mesh has axes, else bilinear"},
    {"grid", "weights", Text, "''", "", 0, 0, "", "SCRIP or ESMF file of weights from the LR to the HR mesh, in place of grid.interpolation; '' = none"},
    {"grid", "time_block", Int, "64", "steps", 1, 1e6, "", "Steps read at once: peak memory grows with it"},
    {"grid", "cache_mib", Int, "1024", "MiB", 0, 1e6, "", "Memory of a rank for fields that were read: they are read from file once; what is beyond is read again"},

    {"patches", "size", Ints, "8, 8", "points", 1, 4096, "", "Points of a patch along y and x", 2},
    {"patches", "overlap", Int, "2", "points", 0, 2048, "", "Points over which a patch reaches into its neighbours on each side, at most half of a patch (where it is not given, less than 2 in smaller patches)"},
    {"patches", "basis", Text, "'local'", "", 0, 0, "local|shared", "One POD basis a patch, or one for all full-ocean patches"},
    {"patches", "modes", Int, "16", "", 1, 4096, "", "POD modes kept a patch"},
    {"patches", "energy", Real, "1.0", "", 0, 1, "", "Keep fewer modes where this share of the variance is reached"},

    {"basis", "harmonics", Int, "2", "", 0, 12, "", "Annual harmonics of the climatology; 0 = the mean only"},

    {"base", "halo", Int, "1", "LR cells", 0, 64, "", "LR cells around a patch that its regression uses"},
    {"base", "lags", Ints, "0", "LR steps", -1e5, 1e5, "", "Times that the regression and the network see, relative to the one to downscale; a time that lacks one of them is left out"},
    {"base", "prior", Text, "'auto'", "", 0, 0, "auto|climatology|interpolation", "What the penalty shrinks to; 'auto' = the better one on data.validate"},
    {"base", "lag_weight", Real, "0.25", "", 1e-3, 1e3, "", "Weight of the predictors at other times; smaller is a larger penalty on them"},
    {"base", "rank", Int, "64", "", 0, 4096, "", "Most global modes of the residual covariance; they carry what crosses patch borders"},
    {"base", "share", Real, "0.9", "", 0, 1, "", "Fewer global modes where this share of the residual variance is reached"},
    {"base", "season", Int, "1", "harmonics", 0, 4, "", "Annual harmonics of the residual variance; kept where they raise the likelihood of data.validate, 0 = none"},
    {"base", "inflation", Text, "'mode'", "", 0, 0, "level|mode", "Factors that calibration puts on the variance, of base, head and members: one a level, or also one a mode of the patches"},
    {"base", "contrast", Text, "'off'", "", 0, 0, "off|auto", "Residual variance as a function of the LR field around a patch: its contrast in space and its change between lags; 'auto' = kept where data.validate gains"},
    {"base", "level", Text, "'validation'", "", 0, 0, "validation|cross-validated", "Where the level of the base's variance comes from: data.validate, or each training year predicted from the others, whose spread makes the forecast a Student t"},
    {"base", "penalties", Reals, "3e-6, 3e-5, 3e-4, 3e-3, 3e-2, 0.3, 3.0, 30.0", "", 1e-12, 1e6, "", "Candidates for the ridge penalty, in units of the mean square predictor; data.validate chooses"},

    {"history", "files", Texts, "", "", 0, 0, "", "Files of HR analyses on the HR mesh, that forecasts are told of; none = hr_files"},
    {"history", "variable", Texts, "", "", 0, 0, "", "Variables of files, one for each HR variable; none = hr_variable"},
    {"history", "lr_files", Texts, "", "", 0, 0, "", "LR files that hold the times of the analyses, for runs that begin after them; none = the LR series that is downscaled"},
    {"history", "delay", Real, "0", "days", 0, 1e5, "", "From the time of an analysis to the first forecast that has it: its reference time, or the time itself in a series without"},
    {"history", "ages", Reals, "", "days", 1e-3, 1e5, "", "Ages of an analysis, up to the time that is forecast, that podscale-basis fits a regression for; a time takes the youngest that is there, else none of them; none = no history"},

    {"model", "base", Text, "'gaussian'", "", 0, 0, "none|gaussian", "What the network starts from; 'none' = diffusion from scratch"},
    {"model", "width", Int, "0", "", 0, 8192, "", "Width of the transformer, 8 or more; a multiple of heads; 0 = by the training times: 32 up to 2000, 64 up to 20000, then 128"},
    {"model", "depth", Int, "4", "", 1, 128, "", "Transformer blocks"},
    {"model", "heads", Int, "4", "", 1, 128, "", "Attention heads"},
    {"model", "prediction", Text, "'velocity'", "", 0, 0, "noise|velocity", "What the network predicts"},
    {"model", "dropout", Real, "0.1", "", 0, 0.9, "", "Dropout of attention, MLP and last layer, in training"},
    {"model", "diffusion_steps", Int, "1000", "", 2, 1e5, "", "Steps T of the discrete cosine schedule"},
    {"model", "device", Text, "'cpu'", "", 0, 0, "cpu|cuda", "Where the network runs"},
    {"model", "precision", Text, "'float32'", "", 0, 0, "float32|tf32|bfloat16", "Of matrix products where the trained network is used, never in the steps of training; 'tf32' is one of GPUs, 'bfloat16' also of CPUs, where it is slow unless they have instructions for it"},
    {"model", "tile", Int, "0", "patches", 0, 1e4, "", "Largest edge of a tile's own part: a region of more patches than a window, (tile + 2 tile_halo)^2, is trained and sampled in tiles; 0 = 24"},
    {"model", "tile_halo", Int, "-1", "patches", -1, 1e4, "", "Patches around its own part that a tile sees; -1 = a sixth of the edge, at least 1"},

    {"training", "steps", Int, "-1", "", -1, big, "", "Optimizer steps in all; -1 = ten passes over the training times, 200 to 2000 steps, with warmup at most a quarter of them"},
    {"training", "batch", Int, "32", "samples", 1, 1e6, "", "Samples a step over all ranks; a multiple of the number of ranks"},
    {"training", "groups", Int, "0", "", 0, 1e6, "", "Parts of a batch whose gradients are computed one by one: a divisor of batch and a multiple of the number of ranks, and the same bits at each of them; 0 = on a CPU up to 8 where that fits, else the ranks"},
    {"training", "warmup", Int, "100", "steps", 0, big, "", "Steps in which the rate rises linearly"},
    {"training", "rate", Real, "5e-4", "", 0, 1, "", "Peak learning rate"},
    {"training", "rate_floor", Real, "0.05", "", 0, 1, "", "Rate at the end of the cosine, as a fraction of the peak"},
    {"training", "weight_decay", Real, "0.01", "", 0, 1, "", "AdamW's decoupled decay"},
    {"training", "clip", Real, "1.0", "", 0, 1e6, "", "Largest norm of the gradient; 0 = no clipping"},
    {"training", "ema_decay", Real, "0.999", "", 0, 1, "", "Decay a step of the moving average of the weights"},
    {"training", "diffusion_weight", Real, "1.0", "", 0, 1e3, "", "Weight of the diffusion loss; 0 = not trained"},
    {"training", "head_weight", Real, "1.0", "", 0, 1e3, "", "Weight of the likelihood of the Gaussian head; 0 = not trained"},
    {"training", "condition_noise", Real, "0.1", "", 0, 10, "", "Standard deviation of noise on the standardised condition"},
    {"training", "validate_every", Int, "0", "steps", 0, big, "", "Steps between validations; 0 = 200, or a tenth of the steps where these are not given"},
    {"training", "patience", Int, "-1", "validations", -1, 1e6, "", "Stop after so many validations in a row without a gain; 0 = never; -1 = 4 where the steps are not given, else never"},
    {"training", "validation_times", Int, "24", "", 1, 1e6, "", "Times of the validation period that are sampled, evenly spread"},
    {"training", "validation_members", Int, "8", "", 2, 1e4, "", "Members a validation time"},
    {"training", "validation_sampler_steps", Int, "8", "", 1, 1e5, "", "Sampler steps of a validation member"},
    {"training", "checkpoint_every", Int, "500", "steps", 1, big, "", "Steps between checkpoints"},
    {"training", "seed", Int, "1", "", 0, 9.0e15, "", "Of initial weights, sample order and training noise"},
    {"training", "resume", Logical, ".true.", "", 0, 0, "", "Continue from model_file when it is there"},
    {"training", "threads", Int, "1", "", 0, 1024, "", "Threads a rank; 0 = cores of the node / ranks on it. Bits depend on it"},
    {"training", "time_limit", Text, "''", "HH:MM:SS", 0, 0, "", "Any program stops by then with exit code 75, podscale-train with a checkpoint; '' = no limit"},

    {"sampling", "sampler", Text, "'angle'", "", 0, 0, "angle|dpm-solver++|ddim|ancestral", "Sampler"},
    {"sampling", "steps", Int, "8", "", 1, 1e5, "", "Sampler steps a member"},
    {"sampling", "members", Int, "24", "", 2, 1e5, "", "Members a time"},
    {"sampling", "member_batch", Int, "8", "", 1, 1e4, "", "Members a work item: the batch of the network"},
    {"sampling", "exchange_halos", Logical, ".true.", "", 0, 0, "", "Of a region in tiles: after each step of the sampler a tile is told what its neighbours made of its halo; else it goes on with its own"},
    {"sampling", "uncertainty", Text, "'auto'", "", 0, 0, "auto|ensemble|head|base", "Where mean and latent covariance come from: members, the Gaussian head of the network, or the base without a network; 'auto' = the base, or what podscale-train made of it where that beat it on data.validate (model.base = 'none': members)"},
    {"sampling", "control_variate", Logical, ".true.", "", 0, 0, "", "Take the sampling error of the start noise out of the mean of members (model.base = 'gaussian', sampler = 'angle')"},
    {"sampling", "coherence", Logical, ".true.", "", 0, 0, "", "Members persist from one time to the next as errors do (model.base = 'gaussian'); without it each time is drawn by itself"},
    {"sampling", "truncation_noise", Logical, ".true.", "", 0, 0, "", "Written members hold noise for what the modes leave out, so that their spread is the standard deviation"},
    {"sampling", "calibration", Text, "'inflation'", "", 0, 0, "none|inflation|conformal|running", "How the variance is corrected: not, by factors of data.validate, by them and conformal intervals, or by them and the errors of the last weeks, where truth arrives with a delay"},
    {"sampling", "running_window", Real, "20", "days", 1, 1e5, "", "Days whose errors count for calibration = 'running'"},
    {"sampling", "running_delay", Real, "5", "days", 0, 1e5, "", "Days until a truth may be used: a forecast sees none later than its valid time less this"},
    {"sampling", "running_prior", Real, "20", "days", 0, 1e6, "", "Pseudo-days that draw a point's level to the region's, and the region's to 1"},
    {"sampling", "calibration_times", Int, "96", "", 2, 1e6, "", "Times that podscale-train calibrates on, evenly spread, of either part of data.validate"},
    {"sampling", "lead_days", Reals, "", "days", 0, 1e5, "", "Leads at which lead_factors hold, ascending: linear between them, constant beyond; none = no such factors"},
    {"sampling", "lead_factors", Reals, "", "", 1e-3, 1e6, "", "Of forecasts: factors on the variance of the latents, one a lead of lead_days (base and head), as podscale-verify finds them from past runs"},
    {"sampling", "seed", Int, "1", "", 0, 9.0e15, "", "Of the members' noise"},
    {"sampling", "time_block", Int, "16", "steps", 1, 1e6, "", "Times in memory at once"},

    {"regions", "names", Texts, "", "", 0, 0, "", "Names of the regions"},
    {"regions", "differences", Texts, "", "", 0, 0, "", "Pairs of variables, whose difference is averaged over the regions, too"},
    {"regions", "means", Texts, "", "", 0, 0, "", "Means over time of the regions, with their standard deviation, in a file beside the product: '30d' or another number of days, 'month', 'season', 'all'"},
    {"regions", "boxes", Reals, "", "degrees", -720, 720, "", "South, north, west, east of each region: four numbers a name"},

    {"images", "train_files", Texts, "", "", 0, 0, "", "HR images for training: PNG, JPEG, BMP, TIFF, GeoTIFF, NIfTI volumes (axial slices) or NetCDF stacks (image, y, x); paths and globs"},
    {"images", "validate_files", Texts, "", "", 0, 0, "", "HR images that choose penalty, weights and inflation; other files than train_files"},
    {"images", "test_files", Texts, "", "", 0, 0, "", "HR images to make LR ones of, downscale and verify; may be set anew at podscale-downscale"},
    {"images", "train_lr_files", Texts, "", "", 0, 0, "", "degrade = 'files': LR images of train_files, one each in the same order"},
    {"images", "validate_lr_files", Texts, "", "", 0, 0, "", "The same of validate_files"},
    {"images", "test_lr_files", Texts, "", "", 0, 0, "", "The same of test_files; without test_files, LR images to downscale that nothing is known of"},
    {"images", "degrade", Text, "'bicubic'", "", 0, 0, "files|bicubic|block|kspace", "Where LR images come from: files, or of HR by bicubic interpolation with antialiasing, as MATLAB's imresize, block mean, or truncation of the Fourier transform"},
    {"images", "factor", Int, "4", "HR points", 2, 64, "", "Side of an LR cell"},
    {"images", "patch", Int, "8", "HR points", 2, 64, "", "Side of a patch, a multiple of factor"},
    {"images", "halo", Int, "3", "LR cells", 0, 16, "", "LR cells around a patch that its forecast uses"},
    {"images", "modes", Int, "0", "", 0, 4096, "", "POD modes of the residual; 0 = as many as a patch has points"},
    {"images", "shifts", Int, "4", "", 1, 4, "", "Patch grids that a forecast is averaged over: 1, 2 or 4"},
    {"images", "contrast_classes", Int, "17", "", 1, 1000, "", "Classes of the LR contrast of a patch, each with a residual variance of its own; 1 = one variance for all"},
    {"images", "boxes", Ints, "", "HR points", 2, 64, "", "Sides of boxes, at most 8: the product gets the standard deviation of the means over boxes of so many points, in closed form"},
    {"images", "tokens", Real, "30e6", "patches", 0, 1e15, "", "Patches that training sees, at most"},
    {"images", "batch_tokens", Int, "2048", "patches", 1, 1e7, "", "Patches a step"},
    {"images", "width", Int, "128", "", 8, 8192, "", "Width of the network"},
    {"images", "layers", Int, "4", "", 1, 128, "", "Layers that see one patch's window alone"},
    {"images", "blocks", Int, "0", "", 0, 128, "", "Transformer blocks behind them, over neighbouring patches"},
    {"images", "rate", Real, "1e-3", "", 0, 1, "", "Peak learning rate"},
    {"images", "members", Logical, ".false.", "", 0, 0, "", "Train the diffusion of members, too"},

    {"output", "directory", Text, "'runs/ocean'", "", 0, 0, "", "Folder of the files below, unless they are absolute paths"},
    {"output", "basis_file", Text, "'basis.nc'", "", 0, 0, "", "Climatologies, bases and mask, by podscale-basis"},
    {"output", "model_file", Text, "'model.h5'", "", 0, 0, "", "Network and checkpoint, by podscale-train"},
    {"output", "product_file", Text, "'product.nc'", "", 0, 0, "", "Downscaled fields, by podscale-downscale"},
    {"output", "image_directory", Text, "'images'", "", 0, 0, "", "Folder of the pictures of downscaled images, <stem>_mean.png, <stem>_std.png, or of NIfTI volumes; '' = none are written"},
    {"output", "running_file", Text, "''", "", 0, 0, "", "State of sampling.calibration = 'running', read and written by podscale-downscale; '' = beside the product: product.running.nc"},
    {"output", "write_factors", Logical, ".true.", "", 0, 0, "", "Write the covariance factors: area means, gradients and members can then be had from the file"},
    {"output", "write_budget", Logical, ".false.", "", 0, 0, "", "Write the parts of the variance: patches, cross-patch, truncation, calibration"},
    {"output", "interval", Real, "0", "", 0, 0.95, "", "Write the bounds of this central interval: 0.5, 0.8, 0.9 or 0.95; 0 = none"},
    {"output", "write_members", Logical, ".false.", "", 0, 0, "", "Write every member too"},
    {"output", "spread", Logical, ".false.", "", 0, 0, "", "Where LR has realizations, write their mean, the variance within and between them, and the standard deviation of all together"},
    {"output", "variable_name", Text, "''", "", 0, 0, "", "Name of the downscaled mean; variance and std add a suffix; '' = that of the HR variable, as for the three keys below"},
    {"output", "standard_name", Text, "''", "", 0, 0, "", "CF standard name"},
    {"output", "long_name", Text, "''", "", 0, 0, "", "Long name"},
    {"output", "units", Text, "''", "", 0, 0, "", "Units of the downscaled mean, as UDUNITS knows them"},
    {"output", "deflate", Int, "1", "", 0, 9, "", "Compression level; 0 = none"},
    {"output", "compression", Text, "'deflate'", "", 0, 0, "deflate|zstd", "How fields are compressed; zstd where HDF5 has the filter"},
    {"output", "chunks", Text, "'maps'", "", 0, 0, "maps|series", "Stored for maps (a chunk is of one time) or for series (a chunk holds sampling.time_block times)"},
    {"output", "rounding", Real, "0", "", 0, 0.5, "", "Values are rounded to this part of the standard deviation of their field at most, so that they compress well; 0 = not at all"},
    {"output", "format", Text, "'cf'", "", 0, 0, "cf|ghrsst", "ghrsst: besides the product, a file a time in the shape of GHRSST level 4 (GDS 2.1)"},
    {"output", "ghrsst_name", Text, "'PODSCALE-L4_GHRSST-SSTfnd-podscale-v02.1-fv01.0'", "", 0, 0, "", "Of these files, behind their date: <centre>-L4_GHRSST-<SST type>-<product>-v02.1-fv<version>"},
    {"output", "title", Text, "'Downscaled field with its uncertainty, by podscale'", "", 0, 0, "", "Global attribute title"},
    {"output", "institution", Text, "''", "", 0, 0, "", "Global attribute institution"},
    {"output", "attributes", Texts, "", "", 0, 0, "", "Further global attributes, each 'name=text', as 'license=CC BY 4.0', 'creator_name=...' (ACDD-1.3)"},

    {"verify", "scores_file", Text, "'scores.nc'", "", 0, 0, "", "Scores as NetCDF"},
    {"verify", "text_file", Text, "'scores.txt'", "", 0, 0, "", "Scores as a table"},
    {"verify", "picture_file", Text, "'picture.png'", "", 0, 0, "", "Maps of one time; '' = none"},
    {"verify", "picture_date", Text, "''", "date", 0, 0, "", "Time of the maps, 'YYYY-MM-DD'; '' = the middle of the period"},
    {"verify", "picture_image", Text, "''", "", 0, 0, "", "Of a product of images: the one that is drawn; '' = the first"},
    {"verify", "window", Int, "8", "points", 2, 256, "", "Side of the land-free windows of SSIM and the energy score"},
    {"verify", "spectrum_window", Int, "16", "points", 4, 1024, "", "Side of the land-free windows of the spectra"},
    {"verify", "event", Text, "'none'", "", 0, 0, "none|threshold|percentile", "Exceedance that probabilities are scored for: of threshold, or of the 90th percentile of the time of the year"},
    {"verify", "threshold", Real, "0.0", "output.units", -1e30, 1e30, "", "Value of event = 'threshold', which needs it"},
    {"verify", "bootstrap_samples", Int, "1000", "", 0, 1e6, "", "Resamples for the intervals of differences; 0 = no intervals"},
    {"verify", "block_days", Real, "30.0", "days", 1e-3, 1e5, "", "Length of the blocks of time that are resampled"},
    {"verify", "seed", Int, "1", "", 0, 9.0e15, "", "Of the resamples and of ties in the rank histogram"},

    {"ocean", "ny", Int, "96", "points", 4, 1e6, "", "HR grid points along latitude"},
    {"ocean", "nx", Int, "96", "points", 4, 1e6, "", "HR grid points along longitude"},
    {"ocean", "lat0", Real, "28.0", "degrees_north", -90, 90, "", "Southern edge of the grid"},
    {"ocean", "lon0", Real, "-78.0", "degrees_east", -360, 360, "", "Western edge of the grid"},
    {"ocean", "resolution", Real, "0.25", "degrees", 1e-4, 10, "", "Spacing of the HR grid"},
    {"ocean", "mesh", Text, "'rectilinear'", "", 0, 0, "rectilinear|rotated|plane", "Where the points lie: latitudes and longitudes, those of a rotated pole, or y and x of a projection in metres"},
    {"ocean", "variable", Text, "'tos'", "", 0, 0, "tos|so", "Temperature in degC, or a salinity in 1e-3 that goes with it (0.15 a kelvin)"},
    {"ocean", "second", Text, "''", "", 0, 0, "", "Name of a second variable: 0.7 of the first, about the mean, and a background of its own; '' = none"},
    {"ocean", "first_date", Text, "'2000-01-01'", "date", 0, 0, "", "First day"},
    {"ocean", "last_date", Text, "'2006-12-31'", "date", 0, 0, "", "Last day"},
    {"ocean", "step_days", Int, "1", "days", 1, 3660, "", "Days between two times"},
    {"ocean", "calendar", Text, "'standard'", "", 0, 0, "standard|proleptic_gregorian|noleap|360_day", "CF calendar"},
    {"ocean", "seed", Int, "1", "", 0, 9.0e15, "", "Another seed is another ocean"},
    {"ocean", "factor", Int, "8", "HR points", 1, 4096, "", "Side of the blocks of the LR companion"},
    {"ocean", "land_fraction", Real, "0.18", "", 0, 0.8, "", "Mean share of the width that the western continent takes; 0 = no continent"},
    {"ocean", "islands", Int, "5", "", 0, 1e4, "", "Islands"},
    {"ocean", "mean", Real, "16.0", "degC", -2, 40, "", "Mean temperature of the middle latitude"},
    {"ocean", "gradient", Real, "0.55", "K/degree", -5, 5, "", "Cooling towards the pole"},
    {"ocean", "seasonal", Real, "4.0", "K", 0, 30, "", "Amplitude of the seasonal cycle"},
    {"ocean", "trend", Real, "0.2", "K/decade", -50, 50, "", "Linear trend"},
    {"ocean", "current", Real, "5.0", "K", 0, 20, "", "Temperature step across the western boundary current and its jet"},
    {"ocean", "eddies", Real, "10.0", "1/(100 deg2)", 0, 1e4, "", "Mean number of eddies alive in 10 x 10 degrees"},
    {"ocean", "eddy_amplitude", Real, "2.4", "K", 0, 20, "", "Mean amplitude of an eddy at its best"},
    {"ocean", "eddy_radius", Real, "0.7", "degrees", 1e-3, 100, "", "Mean radius of an eddy"},
    {"ocean", "eddy_days", Real, "60.0", "days", 1, 1e4, "", "Mean life of an eddy"},
    {"ocean", "turbulence", Real, "0.7", "K", 0, 20, "", "Standard deviation of the turbulent background, spectrum near k^-3"},
    {"ocean", "turbulence_scale", Real, "8.0", "degrees", 1e-2, 180, "", "Wavelength at which the spectrum of the background peaks"},
    {"ocean", "turbulence_days", Real, "20.0", "days", 1e-2, 1e5, "", "Decorrelation time of the background at that wavelength"},
    {"ocean", "turbulence_modes", Int, "384", "", 1, 65536, "", "Waves that the background is summed from"},
    {"ocean", "lr_bias", Real, "0.0", "K", -20, 20, "", "Added to the LR companion"},
    {"ocean", "lr_noise", Real, "0.0", "K", 0, 20, "", "Standard deviation of white noise added to the LR companion"},
    {"ocean", "hr_file", Text, "'ocean_hr.nc'", "", 0, 0, "", "HR file, under output directory unless absolute"},
    {"ocean", "lr_file", Text, "'ocean_lr.nc'", "", 0, 0, "", "LR file, under output directory unless absolute"},
    {"ocean", "forecast_file", Text, "''", "", 0, 0, "", "Forecasts at low resolution, under output directory unless absolute; YYYYMMDD in the name: one file a run, with its date there; '' = none"},
    {"ocean", "forecast_from", Text, "''", "date", 0, 0, "", "First reference time of a forecast; '' = first_date"},
    {"ocean", "forecast_every", Int, "7", "days", 1, 1e5, "", "From one run to the next"},
    {"ocean", "forecast_days", Int, "10", "days", 1, 1e4, "", "Length of a run: leads of 1 day to this"},
    {"ocean", "forecast_members", Int, "1", "", 1, 1000, "", "Realizations of a run; 1 = no ensemble"},
    {"ocean", "forecast_error", Real, "0.5", "K", 0, 20, "", "Standard deviation of the error of a forecast at long leads"},
    {"ocean", "forecast_growth", Real, "5.0", "days", 0.01, 1e5, "", "The variance of that error at a lead is forecast_error^2 (1 - exp(-2 lead / forecast_growth))"},
    {"ocean", "deflate", Int, "1", "", 0, 9, "", "Compression level of both files; 0 = none"},
};
// clang-format on

const char* type_name(KeyType type) {
  switch (type) {
    case KeyType::integer:
      return "integer";
    case KeyType::real:
      return "real";
    case KeyType::logical:
      return "logical";
    case KeyType::text:
      return "text";
    case KeyType::integers:
      return "integers";
    case KeyType::reals:
      return "reals";
    case KeyType::texts:
      return "texts";
  }
  return "";
}

std::string range_text(const Key& key) {
  if (*key.choices) {
    std::string text = "'";
    for (const char* c = key.choices; *c; ++c) text += *c == '|' ? std::string("', '") : std::string(1, *c);
    return text + "'";
  }
  if (key.low == key.high) return "";
  return fmt::format("{:.10g} to {:.10g}", key.low, key.high);
}

}  // namespace

const std::vector<Key>& key_table() {
  return table;
}

const char* group_help(const std::string& group) {
  for (const auto& [name, help] : groups)
    if (group == name) return help;
  return nullptr;
}

std::string namelist_reference() {
  std::string text =
      "# Namelist reference\n\n"
      "Generated from the table in src/config/key_table.cpp by `podscale-ocean --reference`; do not edit.\n\n"
      "A run is described by one Fortran namelist file: groups `&name ... /`, `key = value`,\n"
      "comments after `!`, names in any case, lists separated by commas or blanks (`3*1` repeats),\n"
      "over several lines where needed. An unknown group or key, a key given twice and a value out\n"
      "of range are errors. `--set group.key=value` comes last and wins. Relative paths are relative\n"
      "to the working directory. A default of \"none\" means: give it where it is needed.\n";
  for (const auto& [group, help] : groups) {
    text += fmt::format(
        "\n## &{}\n\n{}\n\n| key | type | unit | default | range or choice | meaning |\n"
        "|---|---|---|---|---|---|\n",
        group, help);
    for (const Key& key : table) {
      if (std::string(key.group) != group) continue;
      const std::string type =
          key.count > 0 ? fmt::format("{} {}", key.count, type_name(key.type)) : type_name(key.type);
      const std::string fallback = *key.fallback ? fmt::format("`{}`", key.fallback) : "none";
      text += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", key.name, type, key.unit, fallback,
                          range_text(key), key.help);
    }
  }
  return text;
}

}  // namespace podscale
