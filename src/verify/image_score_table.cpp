// The scores of images as text.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "podscale/verify/image_verification.hpp"

namespace podscale {
namespace {

using Part = ImageScoreRow ImageScores::*;

std::string cell(double value, ImageColumn column) {
  const bool db = column == ImageColumn::psnr;
  return std::isnan(value) ? fmt::format("{:>8}", "-") : fmt::format("{:8.{}f}", value, db ? 2 : 4);
}

std::string row(const std::string& name, const ImageScoreRow& values, std::size_t width) {
  std::string line = fmt::format("{:<{}}", name, width);
  for (std::size_t c = 0; c < image_columns; ++c) line += "  " + cell(values[c], static_cast<ImageColumn>(c));
  return line + "\n";
}

std::string header(std::size_t width) {
  static constexpr std::array<const char*, image_columns> heads{
      "PSNR dB", "SSIM", "RMSE", "CRPS", "cov50", "cov90", "conf50", "conf90", "AUSE", "std"};
  std::string line(width, ' ');
  for (const char* head : heads) line += fmt::format("  {:>8}", head);
  return line + "\n";
}

ImageScoreRow means(const ImageSetScores& scores, Part part) {
  ImageScoreRow row{};
  for (std::size_t c = 0; c < image_columns; ++c) row[c] = scores.mean(part, static_cast<ImageColumn>(c));
  return row;
}

bool has_members(const ImageSetScores& scores) {
  return std::any_of(scores.images.begin(), scores.images.end(),
                     [](const ImageScores& s) { return !std::isnan(s.members[0]); });
}

std::string class_table(const DeviationClasses& classes) {
  std::string text = "\nStandard deviation and error by class of the standard deviation\n";
  text += fmt::format("{:>12}  {:>12}  {:>8}  {:>8}\n", "from", "points", "std", "RMSE");
  for (std::size_t c = 0; c < DeviationClasses::count; ++c) {
    if (classes.points[c] == 0) continue;
    const double from = c == 0 ? 0 : 0.25 * std::exp2(0.5 * static_cast<double>(c - 1));
    text += fmt::format("{:12.3f}  {:12.0f}  {:8.4f}  {:8.4f}\n", from, classes.points[c],
                        std::sqrt(classes.predicted[c] / classes.points[c]),
                        std::sqrt(classes.squared_error[c] / classes.points[c]));
  }
  return text;
}

/// Power over that of the truth, in bands of the LR grid's shortest wave.
std::string spectrum_table(const ImageSpectra& s, int factor) {
  const double shortest = static_cast<double>(ImageSpectra::window) / (2 * factor);  // cycles a window
  std::string text;
  double to = 0;
  for (const double end : {0.5, 1.0, 1.5, 2.0, 1e9}) {
    const double from = std::exchange(to, end);
    double truth = 0, mean = 0, member = 0, error = 0, spread = 0;
    for (std::size_t k = 0; k < ImageSpectra::wave_numbers; ++k) {
      const double number = static_cast<double>(k + 1) / shortest;
      if (number <= from || number > to) continue;
      truth += s.truth[k], mean += s.mean[k], member += s.member[k], error += s.error[k],
          spread += s.spread[k];
    }
    if (truth <= 0) continue;
    text += fmt::format("{:>12}  {:8.3f}  {:8.3f}  {:8.3f}  {:8.3f}\n",
                        end > 2 ? std::string("above 2") : fmt::format("{:.1f} to {:.1f}", from, to),
                        mean / truth, member / truth, error / truth, spread / truth);
  }
  if (text.empty()) return text;
  return fmt::format(
             "\nPower over that of the truth, by wave number over the largest of LR (a wave of {} points)\n"
             "{:>12}  {:>8}  {:>8}  {:>8}  {:>8}\n",
             2 * factor, "band", "mean", "member", "error", "spread") +
         text;
}

std::string box_table(const BoxScores& s) {
  std::string text;
  for (std::size_t b = 0; b < BoxScores::most; ++b) {
    if (s.boxes[b] == 0) continue;
    const auto root = [&](double sum) {
      return sum > 0 ? fmt::format("{:8.4f}", std::sqrt(sum / s.boxes[b])) : fmt::format("{:>8}", "-");
    };
    text += fmt::format("{:12.0f}  {:12.0f}  {}  {}  {}\n", s.side[b], s.boxes[b], root(s.predicted[b]),
                        root(s.spread[b]), root(s.squared_error[b]));
  }
  if (text.empty()) return text;
  return fmt::format("\nMeans over boxes\n{:>12}  {:>12}  {:>8}  {:>8}  {:>8}\n", "side", "boxes", "std",
                     "members", "RMSE") +
         text;
}

}  // namespace

double ImageSetScores::mean(Part part, ImageColumn column) const {
  double sum = 0;
  long count = 0;
  for (const ImageScores& image : images) {
    const double value = (image.*part)[static_cast<std::size_t>(column)];
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

Sparsification ImageSetScores::sparsification() const {
  Sparsification mean;
  for (const ImageScores& image : images)
    for (std::size_t k = 0; k < Sparsification::steps; ++k) {
      mean.curve[k] += image.sparsification.curve[k] / static_cast<double>(images.size());
      mean.oracle[k] += image.sparsification.oracle[k] / static_cast<double>(images.size());
    }
  return mean;
}

DeviationClasses ImageSetScores::deviations() const {
  DeviationClasses sum;
  for (const ImageScores& image : images)
    for (std::size_t c = 0; c < DeviationClasses::count; ++c) {
      sum.points[c] += image.deviations.points[c];
      sum.predicted[c] += image.deviations.predicted[c];
      sum.squared_error[c] += image.deviations.squared_error[c];
    }
  return sum;
}

ImageSpectra ImageSetScores::spectra() const {
  ImageSpectra mean;
  for (const ImageScores& image : images)
    for (const auto part : {&ImageSpectra::truth, &ImageSpectra::mean, &ImageSpectra::member,
                            &ImageSpectra::error, &ImageSpectra::spread})
      for (std::size_t k = 0; k < ImageSpectra::wave_numbers; ++k)
        (mean.*part)[k] += (image.spectra.*part)[k] / static_cast<double>(images.size());
  return mean;
}

BoxScores ImageSetScores::boxes() const {
  BoxScores sum;
  for (const ImageScores& image : images)
    for (std::size_t b = 0; b < BoxScores::most; ++b) {
      sum.side[b] = std::max(sum.side[b], image.boxes.side[b]);
      for (const auto part :
           {&BoxScores::boxes, &BoxScores::squared_error, &BoxScores::predicted, &BoxScores::spread})
        (sum.*part)[b] += (image.boxes.*part)[b];
    }
  return sum;
}

std::string image_score_table(const ImageSetScores& scores) {
  std::size_t width = 12;
  for (const std::string& name : scores.names) width = std::max(width, name.size());
  std::string text = fmt::format(
      "Scores of {} images{}, in grey levels of 255, {} points cut at each border\n\n", scores.images.size(),
      scores.method.empty() ? "" : " (" + scores.method + ")", scores.protocol.border);
  text += header(width) + row("podscale", means(scores, &ImageScores::podscale), width);
  if (has_members(scores)) text += row("members", means(scores, &ImageScores::members), width);
  text += row("bicubic", means(scores, &ImageScores::bicubic), width);
  text += "\nEvery image, podscale\n";
  for (std::size_t i = 0; i < scores.images.size(); ++i)
    text += row(scores.names[i], scores.images[i].podscale, width);
  text += class_table(scores.deviations());
  text += spectrum_table(scores.spectra(), scores.protocol.border) + box_table(scores.boxes());
  text +=
      "\nScores are means over images of those of each image; PSNR is infinite, and SSIM is not defined,\n"
      "in some images (no error; less than 11 points): these do not count. CRPS of bicubic is its mean\n"
      "absolute error. cov50, cov90: share of points in the central interval of the Gaussian, conf: in\n"
      "the conformal one. AUSE: area between the sparsification curves by standard deviation and by\n"
      "true error. Members: PSNR, SSIM and RMSE of one, fair CRPS and spread of all.\n";
  return text;
}

}  // namespace podscale
