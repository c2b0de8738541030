#pragma once
#include "podscale/core/on_this_rank.hpp"
