#pragma once
// What podscale-verify is told: the keys of the namelist, typed.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "podscale/config/namelist.hpp"
#include "podscale/field/cf_source.hpp"
#include "podscale/pod/basis.hpp"
#include "podscale/field/value_judge.hpp"
#include "podscale/verify/bootstrap.hpp"
#include "podscale/verify/compared_product.hpp"
#include "podscale/verify/exceedance_event.hpp"

namespace podscale {

struct VerifyOptions {
  std::string variable;  ///< of the product; "": that of the HR variable, as always where there are several
  std::vector<CfSpec> truth, training;  ///< one for each variable
  std::vector<CfSpec> history;          ///< HR analyses that a product may have been told of
  /// The LR source in the units of a basis, turned to its LR mesh.
  std::function<std::shared_ptr<const FieldSource>(const Communicator&, const Basis& basis)> open_lr;
  /// The same of what the product was made from: the applied LR source, with its signal, where
  /// there is one.
  std::function<std::shared_ptr<const FieldSource>(const Communicator&, const Basis& basis)> open_product_lr;
  /// The LR series at the times of the analyses; none: that of the product.
  std::function<std::shared_ptr<const FieldSource>(const Communicator&, const Basis& basis)> open_past_lr;
  Doubts doubts = Doubts::refuse;  ///< about values of the truth
  std::string source;  ///< of the keys, for messages
  std::string product_path, basis_path, text_path;
  std::string scores_path, picture_path;  ///< picture: "" for none
  std::string picture_date;               ///< "" for the middle of the period
  std::vector<ComparedProduct> compared;
  std::vector<std::string> train, downscale;  ///< first and last day, or nothing
  long time_block = 64;                       ///< steps read at once
  int members = 0;  ///< that the variance was made from, where the product does not say
  int window = 8;   ///< of SSIM and the energy score, points
  long spectrum_window = 16;
  std::optional<ExceedanceEvent::Kind> event;
  double threshold = 0;        ///< of the event, in the units of the product
  BootstrapOptions bootstrap;  ///< block: from block_days and the times that are verified
  double block_days = 30;
  std::string namelist;  ///< effective values, for files
};

/// Not collective. compare: as after --compare. Errors: usage (keys that are missing or do not go
/// together), on every rank alike.
VerifyOptions verify_options(const Namelist& namelist, const std::vector<std::string>& compare = {});

/// Not collective. Members that a variance was made from, as the namelist `stored` in a product
/// says; -1: it does not say.
int members_behind(const std::string& stored, const std::string& source);

}  // namespace podscale
