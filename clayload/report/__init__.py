"""How does anything look: grids, page, markdown, plots, workbook, JSON?"""
