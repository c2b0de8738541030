#pragma once
// What the model files of all networks have beside the weights. Private to this folder.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "hdf5_values.hpp"
#include "model_bytes.hpp"
#include "podscale/core/error.hpp"
#include "podscale/network/trained_weights.hpp"
#include "podscale/network/training_summary.hpp"
#include "weights_file.hpp"

namespace podscale {

/// Not collective. Steps, scores and texts of a training; not the weights themselves. Errors: io.
void put_training(Hdf5File& file, const TrainingSummary& summary, const TrainedWeights& weights);
/// Not collective. The same, read. Errors: data.
void get_training(const Hdf5File& file, TrainingSummary& summary, TrainedWeights& weights);

/// A column of /history: a member of one record.
template <class Record>
using HistoryColumn = std::pair<const char*, double Record::*>;

/// Not collective. One entry a validation, in columns beside the step. Errors: io.
template <class Record, std::size_t n>
void put_history(Hdf5File& file, const std::vector<Record>& history,
                 const HistoryColumn<Record> (&columns)[n]) {
  std::vector<long> step;
  for (const Record& record : history) step.push_back(record.step);
  file.put("/history/step", {step.size()}, step.data());
  for (const auto& [name, member] : columns) {
    std::vector<double> values;
    for (const Record& record : history) values.push_back(record.*member);
    file.put(fmt::format("/history/{}", name), {values.size()}, values.data());
  }
}

/// Not collective. Errors: data.
template <class Record, std::size_t n>
std::vector<Record> get_history(const Hdf5File& file, const std::string& path,
                                const HistoryColumn<Record> (&columns)[n]) {
  const auto step = file.array<long>("/history/step");
  std::vector<Record> history(step.size());
  for (std::size_t i = 0; i < step.size(); ++i) history[i].step = step[i];
  for (const auto& [name, member] : columns) {
    const auto values = file.array<double>(fmt::format("/history/{}", name));
    if (values.size() != step.size())
      fail(ExitCode::data, "{}: /history has {} steps, but {} values of {}; the file is damaged", path,
           step.size(), values.size(), name);
    for (std::size_t i = 0; i < step.size(); ++i) history[i].*member = values[i];
  }
  return history;
}

/// Collective; rank 0 reads, all get it. parse: of the bytes, not collective. Errors: no_input,
/// io, data.
template <class Model>
Model read_model(const Communicator& comm, const std::string& path,
                 Model (*parse)(const std::string& path, const ModelBytes& bytes)) {
  const ModelBytes bytes = read_model_bytes(comm, path);
  Model model;
  comm.agree([&] {
    with_quiet_hdf5(path, bytes, [&] { model = parse(path, bytes); });
    require_checksum(model, model.summary.weights_checksum, path);
  });
  return model;
}

}  // namespace podscale
