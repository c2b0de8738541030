// A survey on its way from rank 0 to all.
#include "podscale/core/error.hpp"
#include "series_survey.hpp"

namespace podscale {
namespace {

template <class T>
void share(const Communicator& comm, std::vector<T>& values) {
  long size = static_cast<long>(values.size());
  comm.broadcast(std::span(&size, 1));
  values.resize(static_cast<std::size_t>(size));
  comm.broadcast(std::span(values));
}

void share(const Communicator& comm, std::vector<std::string>& texts) {
  std::vector<char> joined;
  for (const std::string& text : texts)
    joined.insert(joined.end(), text.c_str(), text.c_str() + text.size() + 1);
  share(comm, joined);
  texts.clear();
  for (std::size_t at = 0; at < joined.size(); at += texts.back().size() + 1)
    texts.emplace_back(joined.data() + at);
}

}  // namespace

void broadcast_survey(const Communicator& comm, Survey& survey) {
  std::vector<std::string> texts{survey.variable, survey.times.units};
  share(comm, texts);
  share(comm, survey.files);
  survey.variable = texts[0];
  survey.times.units = texts[1];

  share(comm, survey.grid.lat);
  share(comm, survey.grid.lon);
  survey.grid = make_grid(survey.grid.lat, survey.grid.lon);

  // Per step: file, index, date; the calendar in front.
  std::vector<long> numbers{static_cast<long>(survey.times.calendar)};
  std::vector<double> seconds;
  for (std::size_t t = 0; t < survey.steps.size(); ++t) {
    const Date& d = survey.times.dates[t];
    numbers.insert(numbers.end(), {survey.steps[t].file, survey.steps[t].index, d.year, d.month, d.day});
    seconds.push_back(d.second);
  }
  share(comm, numbers);
  share(comm, seconds);
  share(comm, survey.times.values);
  share(comm, survey.flips);
  survey.times.calendar = static_cast<Calendar>(numbers[0]);
  survey.steps.clear();
  survey.times.dates.clear();
  for (std::size_t t = 0; t < seconds.size(); ++t) {
    const long* n = numbers.data() + 1 + 5 * t;
    survey.steps.push_back({n[0], n[1]});
    survey.times.dates.push_back(
        {static_cast<int>(n[2]), static_cast<int>(n[3]), static_cast<int>(n[4]), seconds[t]});
  }
}

}  // namespace podscale
