#pragma once
// The file beside a product that holds the factors of its covariance: product.factors.nc of
// product.nc. Other tools may cut, average or regrid a product; the factors stay what they are,
// and know the grid and the times that they belong to.

#include <string>
#include <utility>
#include <vector>

#include "podscale/study/attributes.hpp"
#include "podscale/study/product_reader.hpp"

namespace podscale {

/// Not collective. product.factors.nc of product.nc.
std::string factors_path(const std::string& product_path);

/// Not collective. What ties the two files of a run together, as global attributes of both.
/// made_of: what tells one run from another.
Attributes factor_tie(const std::string& product_path, const std::string& made_of);

/// Not collective. The attribute of the factors that says what the values of a variable are means
/// of.
std::string cell_methods_of(const std::string& variable);

/// Not collective. Whether factors were written with the product.
bool names_factors(const NetcdfFile& product);
/// Collective on comm, the communicator of the product. The factors that the product names, beside
/// it. Errors: data (it names none, or they are of another run), no_input (they are not there).
NetcdfFile open_factors(const Communicator& comm, const NetcdfFile& product);

/// Collective on the communicator of both. The step of the factors for each one of the product,
/// which comes in the order of `mesh`, that of the factors, from now on. Error(data) unless its
/// points and what its values are means of are those of the factors, and its times some of theirs.
std::vector<std::size_t> factor_steps(const NetcdfFile& factors, const Mesh& mesh, ProductReader& product);

}  // namespace podscale
